-- Settings of the application: JSON values by scope and key. The scope is empty for those of the whole application.
CREATE TABLE IF NOT EXISTS app_settings (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    scope VARCHAR(100) NOT NULL,
    setting_key VARCHAR(255) NOT NULL,
    value JSON NOT NULL,
    version BIGINT NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    updated_by VARCHAR(255) NULL,
    UNIQUE INDEX app_settings_scope_setting_key (scope, setting_key),
    INDEX app_settings_updated_by_id (updated_by, id),
    CONSTRAINT app_settings_version_check CHECK (version >= 1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
