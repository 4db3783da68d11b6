-- A user with conversations is deleted by erasing the user, in batches.
CREATE TABLE IF NOT EXISTS chat_conversations (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id VARCHAR(64) NOT NULL,
    user_id BIGINT NULL,
    title VARCHAR(255) NULL,
    created_at DATETIME(6) NOT NULL,
    last_message_at DATETIME(6) NOT NULL,
    archived_at DATETIME(6) NULL,
    metadata JSON NULL,
    UNIQUE INDEX chat_conversations_public_id (public_id),
    INDEX chat_conversations_user_id_last_message_at_id (user_id, last_message_at, id),
    INDEX chat_conversations_last_message_at_id (last_message_at, id),
    CONSTRAINT chat_conversations_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE NO ACTION
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
