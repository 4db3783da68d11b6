DROP TABLE conversation_items;
