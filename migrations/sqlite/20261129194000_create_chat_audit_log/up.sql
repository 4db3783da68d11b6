-- Changes of accounts and permissions, without secrets. Rows are only inserted.
CREATE TABLE chat_audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    actor VARCHAR(255) NULL,
    action VARCHAR(100) NOT NULL,
    object VARCHAR(255) NULL,
    details TEXT NULL CHECK (details IS NULL OR json_valid(details)),
    ip VARCHAR(45) NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX chat_audit_log_actor_id ON chat_audit_log (actor, id);
CREATE INDEX chat_audit_log_object_id ON chat_audit_log (object, id);
CREATE INDEX chat_audit_log_created_at ON chat_audit_log (created_at);
