-- The items that role-based programs keep: parts of messages, tool calls, attachments.
CREATE TABLE IF NOT EXISTS conversation_items (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    conversation_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    role VARCHAR(50) NOT NULL,
    kind VARCHAR(50) NOT NULL,
    content JSON NOT NULL,
    message_id BIGINT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE INDEX conversation_items_conversation_id_position (conversation_id, position),
    CONSTRAINT conversation_items_conversation_id_fk FOREIGN KEY (conversation_id) REFERENCES chat_conversations (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
