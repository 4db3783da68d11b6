-- Providers of models. The ones with the highest priority come first. Each change advances the version of the
-- provider. Its credentials are in a table of their own.
CREATE TABLE chat_providers (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    name VARCHAR(50) NOT NULL,
    display_name VARCHAR(255) NULL,
    kind VARCHAR(50) NOT NULL,
    base_url TEXT NULL,
    enabled BOOLEAN NOT NULL DEFAULT 1,
    priority INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    capabilities TEXT NOT NULL CHECK (json_valid(capabilities)),
    rate_limits TEXT NOT NULL CHECK (json_valid(rate_limits)),
    config TEXT NOT NULL CHECK (json_valid(config)),
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT chat_providers_weight_check CHECK (weight >= 0)
);
CREATE UNIQUE INDEX chat_providers_public_id ON chat_providers (public_id);
CREATE UNIQUE INDEX chat_providers_name ON chat_providers (name);
