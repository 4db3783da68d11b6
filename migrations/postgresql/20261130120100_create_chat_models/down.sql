DROP TABLE chat_models;
