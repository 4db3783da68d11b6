DROP TABLE graph_segments;
