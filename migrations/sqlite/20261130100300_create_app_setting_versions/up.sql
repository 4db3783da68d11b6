-- All versions of each setting, also of deleted ones. A deletion is a version whose value is a JSON null.
CREATE TABLE app_setting_versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    scope VARCHAR(100) NOT NULL,
    setting_key VARCHAR(255) NOT NULL,
    version BIGINT NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    deleted BOOLEAN NOT NULL,
    changed_at TEXT NOT NULL,
    changed_by VARCHAR(255) NULL,
    CONSTRAINT app_setting_versions_version_check CHECK (version >= 1)
);
CREATE UNIQUE INDEX app_setting_versions_scope_setting_key_version
    ON app_setting_versions (scope, setting_key, version);
CREATE INDEX app_setting_versions_changed_at_id ON app_setting_versions (changed_at, id);
CREATE INDEX app_setting_versions_changed_by_id ON app_setting_versions (changed_by, id);
