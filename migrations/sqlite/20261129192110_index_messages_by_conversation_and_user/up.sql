-- In the order of pages. Messages without a conversation or a user are not in these indexes, and cost nothing.
CREATE INDEX messages_conversation_id_timestamp_id ON messages (conversation_id, timestamp, id) WHERE conversation_id IS NOT NULL;
CREATE INDEX messages_user_id_timestamp_id ON messages (user_id, timestamp, id) WHERE user_id IS NOT NULL;
