DROP TABLE IF EXISTS graph_checkpoints;
