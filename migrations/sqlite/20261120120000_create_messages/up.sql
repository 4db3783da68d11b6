-- AUTOINCREMENT: an id is never given twice, as on the other engines.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    timestamp TEXT NOT NULL,
    user_message TEXT NOT NULL,
    bot_response TEXT NULL,
    provider VARCHAR(50) NULL,
    model VARCHAR(100) NULL,
    tokens_used BIGINT NULL,
    metadata TEXT NULL CHECK (metadata IS NULL OR json_valid(metadata))
);
CREATE INDEX messages_timestamp_id ON messages (timestamp, id);
CREATE INDEX messages_provider_timestamp_id ON messages (provider, timestamp, id);
