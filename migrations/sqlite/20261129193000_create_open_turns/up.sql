-- Questions that are stored before the model is asked. Finishing a turn moves it to messages.
CREATE TABLE open_turns (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    conversation_id BIGINT NULL,
    user_id BIGINT NULL,
    user_message TEXT NOT NULL,
    provider VARCHAR(50) NULL,
    model VARCHAR(100) NULL,
    metadata TEXT NULL CHECK (metadata IS NULL OR json_valid(metadata)),
    started_at TEXT NOT NULL,
    lease_until TEXT NOT NULL,
    CONSTRAINT open_turns_conversation_id_fk FOREIGN KEY (conversation_id) REFERENCES chat_conversations (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX open_turns_public_id ON open_turns (public_id);
CREATE INDEX open_turns_conversation_id_id ON open_turns (conversation_id, id);
CREATE INDEX open_turns_user_id_id ON open_turns (user_id, id);
CREATE INDEX open_turns_lease_until ON open_turns (lease_until);
