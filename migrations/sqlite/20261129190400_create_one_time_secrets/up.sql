-- SHA-256 hashes of secrets that are valid once: confirmations of addresses, password resets, OAuth states.
CREATE TABLE one_time_secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    digest CHAR(64) NOT NULL,
    purpose VARCHAR(50) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE UNIQUE INDEX one_time_secrets_digest ON one_time_secrets (digest);
CREATE INDEX one_time_secrets_expires_at ON one_time_secrets (expires_at);
CREATE INDEX one_time_secrets_subject_purpose ON one_time_secrets (subject, purpose);
