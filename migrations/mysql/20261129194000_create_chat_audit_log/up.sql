-- Changes of accounts and permissions, without secrets. Rows are only inserted.
CREATE TABLE IF NOT EXISTS chat_audit_log (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    actor VARCHAR(255) NULL,
    action VARCHAR(100) NOT NULL,
    object VARCHAR(255) NULL,
    details JSON NULL,
    ip VARCHAR(45) NULL,
    created_at DATETIME(6) NOT NULL,
    INDEX chat_audit_log_actor_id (actor, id),
    INDEX chat_audit_log_object_id (object, id),
    INDEX chat_audit_log_created_at (created_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
