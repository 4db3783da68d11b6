DROP TABLE IF EXISTS chat_conversations;
