DROP TABLE graph_values;
