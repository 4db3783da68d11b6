-- The keys are the normalised forms by which addresses and names are unique. A new stamp ends all sessions.
CREATE TABLE IF NOT EXISTS chat_users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id VARCHAR(64) NOT NULL,
    email VARCHAR(255) NULL,
    email_key VARCHAR(255) NULL,
    username VARCHAR(100) NULL,
    username_key VARCHAR(100) NULL,
    name VARCHAR(255) NULL,
    avatar_url LONGTEXT NULL,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    confirmed_at DATETIME(6) NULL,
    stamp CHAR(32) NOT NULL,
    metadata JSON NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    last_login_at DATETIME(6) NULL,
    UNIQUE INDEX chat_users_public_id (public_id),
    UNIQUE INDEX chat_users_email_key (email_key),
    UNIQUE INDEX chat_users_username_key (username_key),
    UNIQUE INDEX chat_users_stamp (stamp),
    INDEX chat_users_active_id (active, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
