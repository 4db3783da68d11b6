DROP TABLE IF EXISTS chat_models;
