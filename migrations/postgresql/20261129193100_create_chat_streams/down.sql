DROP TABLE chat_streams;
