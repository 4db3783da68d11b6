-- A user with conversations is deleted by erasing the user, in batches.
CREATE TABLE chat_conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    user_id BIGINT NULL,
    title VARCHAR(255) NULL,
    created_at TEXT NOT NULL,
    last_message_at TEXT NOT NULL,
    archived_at TEXT NULL,
    metadata TEXT NULL CHECK (metadata IS NULL OR json_valid(metadata)),
    CONSTRAINT chat_conversations_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX chat_conversations_public_id ON chat_conversations (public_id);
CREATE INDEX chat_conversations_user_id_last_message_at_id ON chat_conversations (user_id, last_message_at, id);
CREATE INDEX chat_conversations_last_message_at_id ON chat_conversations (last_message_at, id);
