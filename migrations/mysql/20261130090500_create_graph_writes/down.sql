DROP TABLE IF EXISTS graph_writes;
