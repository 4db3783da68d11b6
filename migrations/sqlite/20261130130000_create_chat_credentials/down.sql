DROP TABLE chat_credentials;
