DROP TABLE IF EXISTS message_feedback;
