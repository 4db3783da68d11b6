-- Accounts of users at identity providers, such as an OAuth login.
CREATE TABLE IF NOT EXISTS user_identities (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    provider VARCHAR(50) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    user_id BIGINT NOT NULL,
    email VARCHAR(255) NULL,
    linked_at DATETIME(6) NOT NULL,
    last_used_at DATETIME(6) NULL,
    UNIQUE INDEX user_identities_provider_subject (provider, subject),
    INDEX user_identities_user_id (user_id),
    CONSTRAINT user_identities_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
