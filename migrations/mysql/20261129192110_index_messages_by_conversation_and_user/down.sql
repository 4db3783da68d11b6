ALTER TABLE messages
    DROP INDEX /*M!100500 IF EXISTS */ messages_user_id_timestamp_id,
    DROP INDEX /*M!100500 IF EXISTS */ messages_conversation_id_timestamp_id;
