DROP TABLE graph_memories;
