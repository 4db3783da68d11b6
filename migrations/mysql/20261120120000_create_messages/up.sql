-- One guarded statement: data definition commits by itself here, so a run that was cut off can simply run again.
-- A binary collation without padding ('a' differs from 'A' and from 'a '), whose name the two servers do not share.
CREATE TABLE IF NOT EXISTS messages (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    timestamp DATETIME(6) NOT NULL,
    user_message LONGTEXT NOT NULL,
    bot_response LONGTEXT NULL,
    provider VARCHAR(50) NULL,
    model VARCHAR(100) NULL,
    tokens_used BIGINT NULL,
    metadata JSON NULL,
    INDEX messages_timestamp_id (timestamp, id),
    INDEX messages_provider_timestamp_id (provider, timestamp, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
