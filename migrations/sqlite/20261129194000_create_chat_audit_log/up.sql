-- Entries are only inserted, and deleted after a time. The values contain no secrets. The erasure of a user removes
-- the user from the entries.
CREATE TABLE chat_audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    created_at TEXT NOT NULL,
    action VARCHAR(100) NOT NULL,
    actor VARCHAR(255) NULL,
    object VARCHAR(255) NULL,
    before_values TEXT NULL CHECK (before_values IS NULL OR json_valid(before_values)),
    after_values TEXT NULL CHECK (after_values IS NULL OR json_valid(after_values)),
    ip VARCHAR(45) NULL
);
CREATE INDEX chat_audit_log_created_at_id ON chat_audit_log (created_at, id);
CREATE INDEX chat_audit_log_actor_created_at_id ON chat_audit_log (actor, created_at, id);
CREATE INDEX chat_audit_log_object_created_at_id ON chat_audit_log (object, created_at, id);
CREATE INDEX chat_audit_log_action_created_at_id ON chat_audit_log (action, created_at, id);
