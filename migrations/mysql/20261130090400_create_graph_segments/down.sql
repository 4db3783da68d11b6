DROP TABLE IF EXISTS graph_segments;
