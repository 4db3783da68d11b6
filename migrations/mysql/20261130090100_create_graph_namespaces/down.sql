DROP TABLE IF EXISTS graph_namespaces;
