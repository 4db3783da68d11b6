-- Accounts of users at identity providers, such as an OAuth login.
CREATE TABLE user_identities (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider VARCHAR(50) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    user_id BIGINT NOT NULL,
    email VARCHAR(255) NULL,
    linked_at TEXT NOT NULL,
    last_used_at TEXT NULL,
    CONSTRAINT user_identities_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX user_identities_provider_subject ON user_identities (provider, subject);
CREATE INDEX user_identities_user_id ON user_identities (user_id);
