DROP TABLE IF EXISTS graph_memories;
