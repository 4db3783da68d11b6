DROP TABLE IF EXISTS app_setting_versions;
