DROP TABLE IF EXISTS stream_chunks;
