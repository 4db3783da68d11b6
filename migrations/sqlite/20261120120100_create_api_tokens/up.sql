CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_hash CHAR(64) NOT NULL UNIQUE,
    description VARCHAR(255) NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NULL,
    is_active BOOLEAN NOT NULL DEFAULT 1,
    last_used_at TEXT NULL,
    token_start VARCHAR(16) NULL
);
