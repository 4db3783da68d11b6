DROP TABLE graph_namespaces;
