-- Questions that are stored before the model is asked. Finishing a turn moves it to messages.
CREATE TABLE IF NOT EXISTS open_turns (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id VARCHAR(64) NOT NULL,
    conversation_id BIGINT NULL,
    user_id BIGINT NULL,
    user_message LONGTEXT NOT NULL,
    provider VARCHAR(50) NULL,
    model VARCHAR(100) NULL,
    metadata JSON NULL,
    started_at DATETIME(6) NOT NULL,
    lease_until DATETIME(6) NOT NULL,
    UNIQUE INDEX open_turns_public_id (public_id),
    INDEX open_turns_conversation_id_id (conversation_id, id),
    INDEX open_turns_user_id_id (user_id, id),
    INDEX open_turns_lease_until (lease_until),
    CONSTRAINT open_turns_conversation_id_fk FOREIGN KEY (conversation_id) REFERENCES chat_conversations (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
