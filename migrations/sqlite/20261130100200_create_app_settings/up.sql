-- Settings of the application: JSON values by scope and key. The scope is empty for those of the whole application.
CREATE TABLE app_settings (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    scope VARCHAR(100) NOT NULL,
    setting_key VARCHAR(255) NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    version BIGINT NOT NULL,
    updated_at TEXT NOT NULL,
    updated_by VARCHAR(255) NULL,
    CONSTRAINT app_settings_version_check CHECK (version >= 1)
);
CREATE UNIQUE INDEX app_settings_scope_setting_key ON app_settings (scope, setting_key);
CREATE INDEX app_settings_updated_by_id ON app_settings (updated_by, id);
