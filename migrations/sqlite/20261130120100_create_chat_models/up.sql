-- Models of providers. Prices are billionths of a US dollar per million tokens.
CREATE TABLE chat_models (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider_id BIGINT NOT NULL,
    name VARCHAR(100) NOT NULL,
    display_name VARCHAR(255) NULL,
    enabled BOOLEAN NOT NULL DEFAULT 1,
    capabilities TEXT NOT NULL CHECK (json_valid(capabilities)),
    context_window BIGINT NULL,
    max_output_tokens BIGINT NULL,
    params TEXT NOT NULL CHECK (json_valid(params)),
    input_price BIGINT NULL,
    output_price BIGINT NULL,
    cached_input_price BIGINT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT chat_models_provider_id_fk FOREIGN KEY (provider_id) REFERENCES chat_providers (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX chat_models_provider_id_name ON chat_models (provider_id, name);
