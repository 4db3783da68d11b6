DROP TABLE chat_providers;
