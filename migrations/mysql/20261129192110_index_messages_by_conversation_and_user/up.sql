-- In the order of pages.
ALTER TABLE messages
    ADD INDEX /*M!100500 IF NOT EXISTS */ messages_conversation_id_timestamp_id (conversation_id, timestamp, id),
    ADD INDEX /*M!100500 IF NOT EXISTS */ messages_user_id_timestamp_id (user_id, timestamp, id);
