DROP TABLE graph_threads;
