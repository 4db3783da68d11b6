-- A table of its own, so that a service can be denied access to password hashes.
CREATE TABLE user_passwords (
    user_id BIGINT NOT NULL,
    hash VARCHAR(255) NOT NULL,
    scheme VARCHAR(20) NOT NULL,
    pepper_id VARCHAR(64) NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (user_id),
    CONSTRAINT user_passwords_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE,
    CONSTRAINT user_passwords_scheme_check CHECK (scheme IN ('argon2id', 'bcrypt', 'flask_security'))
);
