DROP TABLE graph_writes;
