-- Providers of models. The ones with the highest priority come first. Each change advances the version of the
-- provider. Its credentials are in a table of their own.
CREATE TABLE IF NOT EXISTS chat_providers (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id VARCHAR(64) NOT NULL,
    name VARCHAR(50) NOT NULL,
    display_name VARCHAR(255) NULL,
    kind VARCHAR(50) NOT NULL,
    base_url LONGTEXT NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    priority INT NOT NULL,
    weight INT NOT NULL,
    capabilities JSON NOT NULL,
    rate_limits JSON NOT NULL,
    config JSON NOT NULL,
    version BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    UNIQUE INDEX chat_providers_public_id (public_id),
    UNIQUE INDEX chat_providers_name (name),
    CONSTRAINT chat_providers_weight_check CHECK (weight >= 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
