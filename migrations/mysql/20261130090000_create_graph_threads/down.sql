DROP TABLE IF EXISTS graph_threads;
