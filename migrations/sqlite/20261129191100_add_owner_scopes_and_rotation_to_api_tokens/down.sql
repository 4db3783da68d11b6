-- A new table, because SQLite cannot drop a column with a foreign key. Ids are still never reused.
DROP INDEX api_tokens_user_id;
DROP INDEX api_tokens_previous_hash;
ALTER TABLE api_tokens RENAME TO api_tokens_before;
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
INSERT INTO api_tokens
SELECT id, token_hash, description, created_at, expires_at, is_active, last_used_at, token_start FROM api_tokens_before;
DELETE FROM sqlite_sequence WHERE name = 'api_tokens';
UPDATE sqlite_sequence SET name = 'api_tokens' WHERE name = 'api_tokens_before';
DROP TABLE api_tokens_before;
