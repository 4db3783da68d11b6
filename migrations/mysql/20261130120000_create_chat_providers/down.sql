DROP TABLE IF EXISTS chat_providers;
