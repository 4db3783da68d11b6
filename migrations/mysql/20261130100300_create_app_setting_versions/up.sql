-- All versions of each setting, also of deleted ones. A deletion is a version whose value is a JSON null.
CREATE TABLE IF NOT EXISTS app_setting_versions (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    scope VARCHAR(100) NOT NULL,
    setting_key VARCHAR(255) NOT NULL,
    version BIGINT NOT NULL,
    value JSON NOT NULL,
    deleted BOOLEAN NOT NULL,
    changed_at DATETIME(6) NOT NULL,
    changed_by VARCHAR(255) NULL,
    UNIQUE INDEX app_setting_versions_scope_setting_key_version (scope, setting_key, version),
    INDEX app_setting_versions_changed_at_id (changed_at, id),
    INDEX app_setting_versions_changed_by_id (changed_by, id),
    CONSTRAINT app_setting_versions_version_check CHECK (version >= 1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
