DROP TABLE IF EXISTS message_counting;
