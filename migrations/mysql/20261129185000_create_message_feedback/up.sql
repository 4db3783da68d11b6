-- Ratings of responses: at most one for each message and user.
CREATE TABLE IF NOT EXISTS message_feedback (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    message_id BIGINT NOT NULL,
    user_key VARCHAR(255) NOT NULL,
    rating INT NOT NULL,
    comment LONGTEXT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    UNIQUE INDEX message_feedback_message_id_user_key (message_id, user_key),
    INDEX message_feedback_updated_at (updated_at),
    INDEX message_feedback_user_key_id (user_key, id),
    CONSTRAINT message_feedback_message_id_fk FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE,
    CONSTRAINT message_feedback_rating_check CHECK (rating BETWEEN -10 AND 10)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
