ALTER TABLE chat_conversations DROP COLUMN item_version;
