-- A session is valid while its user_stamp is the stamp of its user. All secrets of a session begin with the same
-- digits, whose hash is its family. rotation_salt derives the secret that replaces the previous one.
CREATE TABLE user_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    token_hash CHAR(64) NOT NULL,
    previous_hash CHAR(64) NULL,
    rotated_at TEXT NULL,
    rotation_salt CHAR(32) NULL,
    family CHAR(32) NOT NULL,
    user_id BIGINT NOT NULL,
    user_stamp CHAR(32) NOT NULL,
    created_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    idle_expires_at TEXT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT NULL,
    reason VARCHAR(50) NULL,
    ip VARCHAR(45) NULL,
    user_agent VARCHAR(255) NULL,
    label VARCHAR(100) NULL,
    CONSTRAINT user_sessions_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX user_sessions_public_id ON user_sessions (public_id);
CREATE UNIQUE INDEX user_sessions_token_hash ON user_sessions (token_hash);
CREATE UNIQUE INDEX user_sessions_family ON user_sessions (family);
CREATE INDEX user_sessions_user_id_id ON user_sessions (user_id, id);
CREATE INDEX user_sessions_expires_at ON user_sessions (expires_at);
CREATE INDEX user_sessions_idle_expires_at ON user_sessions (idle_expires_at);
CREATE INDEX user_sessions_revoked_at ON user_sessions (revoked_at);
