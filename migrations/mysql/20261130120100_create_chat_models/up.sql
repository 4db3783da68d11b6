-- Models of providers. Prices are billionths of a US dollar per million tokens.
CREATE TABLE IF NOT EXISTS chat_models (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    provider_id BIGINT NOT NULL,
    name VARCHAR(100) NOT NULL,
    display_name VARCHAR(255) NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    capabilities JSON NOT NULL,
    context_window BIGINT NULL,
    max_output_tokens BIGINT NULL,
    params JSON NOT NULL,
    input_price BIGINT NULL,
    output_price BIGINT NULL,
    cached_input_price BIGINT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    UNIQUE INDEX chat_models_provider_id_name (provider_id, name),
    CONSTRAINT chat_models_provider_id_fk FOREIGN KEY (provider_id) REFERENCES chat_providers (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
