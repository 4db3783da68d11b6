DROP TABLE IF EXISTS graph_values;
