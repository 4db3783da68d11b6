-- Encrypted secrets of the application, of providers and of users. `owner_key` is computed from `provider_id` and
-- `user_id`, because NULLs are distinct in a unique index. The ciphertext is bound to the columns that identify its row.
CREATE TABLE chat_credentials (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    provider_id BIGINT NULL,
    user_id BIGINT NULL,
    owner_key VARCHAR(100) NOT NULL,
    name VARCHAR(100) NOT NULL,
    version INTEGER NOT NULL,
    ciphertext BLOB NOT NULL,
    key_id VARCHAR(64) NOT NULL,
    format INTEGER NOT NULL,
    hint VARCHAR(8) NULL,
    scopes TEXT NULL,
    status VARCHAR(20) NOT NULL,
    expires_at TEXT NULL,
    cooldown_until TEXT NULL,
    last_used_at TEXT NULL,
    revoked_at TEXT NULL,
    created_by VARCHAR(255) NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT chat_credentials_provider_id_fk FOREIGN KEY (provider_id) REFERENCES chat_providers (id) ON DELETE CASCADE,
    CONSTRAINT chat_credentials_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE,
    CONSTRAINT chat_credentials_status_check CHECK (status IN ('active', 'disabled', 'revoked'))
);
CREATE UNIQUE INDEX chat_credentials_public_id ON chat_credentials (public_id);
CREATE UNIQUE INDEX chat_credentials_owner_key_name_version ON chat_credentials (owner_key, name, version);
CREATE INDEX chat_credentials_provider_id_user_id_name_version ON chat_credentials (provider_id, user_id, name, version);
CREATE INDEX chat_credentials_provider_id_id ON chat_credentials (provider_id, id);
CREATE INDEX chat_credentials_user_id_id ON chat_credentials (user_id, id);
CREATE INDEX chat_credentials_name_id ON chat_credentials (name, id);
CREATE INDEX chat_credentials_expires_at ON chat_credentials (expires_at);
CREATE INDEX chat_credentials_revoked_at ON chat_credentials (revoked_at);
CREATE INDEX chat_credentials_created_by ON chat_credentials (created_by);
