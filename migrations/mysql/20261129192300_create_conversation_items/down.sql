DROP TABLE IF EXISTS conversation_items;
