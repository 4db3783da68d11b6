-- Policies by which models are chosen, of the application or of a provider. `owner_key` is computed from
-- `provider_id`, because NULLs are distinct in a unique index.
CREATE TABLE IF NOT EXISTS chat_provider_policies (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id VARCHAR(64) NOT NULL,
    provider_id BIGINT NULL,
    owner_key VARCHAR(100) NOT NULL,
    name VARCHAR(100) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    config JSON NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    version BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    UNIQUE INDEX chat_provider_policies_public_id (public_id),
    UNIQUE INDEX chat_provider_policies_owner_key_name (owner_key, name),
    INDEX chat_provider_policies_provider_id (provider_id),
    CONSTRAINT chat_provider_policies_provider_id_fk FOREIGN KEY (provider_id) REFERENCES chat_providers (id)
        ON DELETE CASCADE,
    CONSTRAINT chat_provider_policies_kind_check CHECK (kind IN ('circuit_breaker', 'fallback', 'load_balance'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
