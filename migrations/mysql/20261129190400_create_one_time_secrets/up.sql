-- SHA-256 hashes of secrets that are valid once: confirmations of addresses, password resets, OAuth states.
CREATE TABLE IF NOT EXISTS one_time_secrets (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    digest CHAR(64) NOT NULL,
    purpose VARCHAR(50) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    UNIQUE INDEX one_time_secrets_digest (digest),
    INDEX one_time_secrets_expires_at (expires_at),
    INDEX one_time_secrets_subject_purpose (subject, purpose)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
