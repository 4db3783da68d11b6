DROP TABLE app_setting_versions;
