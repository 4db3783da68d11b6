DROP TABLE IF EXISTS message_gaps;
