DROP TABLE IF EXISTS chat_streams;
