-- The keys are the normalised forms by which addresses and names are unique. A new stamp ends all sessions.
CREATE TABLE chat_users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    email VARCHAR(255) NULL,
    email_key VARCHAR(255) NULL,
    username VARCHAR(100) NULL,
    username_key VARCHAR(100) NULL,
    name VARCHAR(255) NULL,
    avatar_url TEXT NULL,
    active BOOLEAN NOT NULL DEFAULT 1,
    confirmed_at TEXT NULL,
    stamp CHAR(32) NOT NULL,
    metadata TEXT NULL CHECK (metadata IS NULL OR json_valid(metadata)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_login_at TEXT NULL
);
CREATE UNIQUE INDEX chat_users_public_id ON chat_users (public_id);
CREATE UNIQUE INDEX chat_users_email_key ON chat_users (email_key);
CREATE UNIQUE INDEX chat_users_username_key ON chat_users (username_key);
CREATE UNIQUE INDEX chat_users_stamp ON chat_users (stamp);
CREATE INDEX chat_users_active_id ON chat_users (active, id);
