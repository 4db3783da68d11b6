DROP TABLE IF EXISTS chat_credentials;
