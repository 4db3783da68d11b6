ALTER TABLE chat_conversations DROP COLUMN /*M!100500 IF EXISTS */ item_version;
