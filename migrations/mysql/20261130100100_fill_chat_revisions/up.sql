-- One row for each subject.
INSERT IGNORE INTO chat_revisions (id, name, revision) VALUES (1, 'app_settings', 0), (2, 'providers', 0);
