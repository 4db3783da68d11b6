-- Policies by which models are chosen, of the application or of a provider. `owner_key` is computed from
-- `provider_id`, because NULLs are distinct in a unique index.
CREATE TABLE chat_provider_policies (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    provider_id BIGINT NULL,
    owner_key VARCHAR(100) NOT NULL,
    name VARCHAR(100) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    config TEXT NOT NULL CHECK (json_valid(config)),
    enabled BOOLEAN NOT NULL DEFAULT 1,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT chat_provider_policies_provider_id_fk FOREIGN KEY (provider_id) REFERENCES chat_providers (id)
        ON DELETE CASCADE,
    CONSTRAINT chat_provider_policies_kind_check CHECK (kind IN ('circuit_breaker', 'fallback', 'load_balance'))
);
CREATE UNIQUE INDEX chat_provider_policies_public_id ON chat_provider_policies (public_id);
CREATE UNIQUE INDEX chat_provider_policies_owner_key_name ON chat_provider_policies (owner_key, name);
CREATE INDEX chat_provider_policies_provider_id ON chat_provider_policies (provider_id);
