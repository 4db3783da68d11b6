CREATE TABLE chat_streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    conversation_id BIGINT NULL,
    user_id BIGINT NULL,
    turn_id BIGINT NULL,
    kind VARCHAR(50) NOT NULL,
    provider VARCHAR(50) NULL,
    model VARCHAR(100) NULL,
    status VARCHAR(20) NOT NULL,
    last_seq BIGINT NOT NULL,
    cancel_requested_at TEXT NULL,
    tokens BIGINT NULL,
    cost BIGINT NULL,
    error TEXT NULL,
    metadata TEXT NULL CHECK (metadata IS NULL OR json_valid(metadata)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    finished_at TEXT NULL,
    CONSTRAINT chat_streams_conversation_id_fk FOREIGN KEY (conversation_id) REFERENCES chat_conversations (id) ON DELETE CASCADE,
    CONSTRAINT chat_streams_status_check CHECK (status IN ('running', 'completed', 'failed', 'cancelled', 'interrupted'))
);
CREATE UNIQUE INDEX chat_streams_public_id ON chat_streams (public_id);
CREATE INDEX chat_streams_conversation_id_id ON chat_streams (conversation_id, id);
CREATE INDEX chat_streams_user_id_id ON chat_streams (user_id, id);
CREATE INDEX chat_streams_status_updated_at ON chat_streams (status, updated_at);
