-- Entries are only inserted, and deleted after a time. The values contain no secrets. The erasure of a user removes
-- the user from the entries.
CREATE TABLE IF NOT EXISTS chat_audit_log (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    created_at DATETIME(6) NOT NULL,
    action VARCHAR(100) NOT NULL,
    actor VARCHAR(255) NULL,
    object VARCHAR(255) NULL,
    before_values JSON NULL,
    after_values JSON NULL,
    ip VARCHAR(45) NULL,
    INDEX chat_audit_log_created_at_id (created_at, id),
    INDEX chat_audit_log_actor_created_at_id (actor, created_at, id),
    INDEX chat_audit_log_object_created_at_id (object, created_at, id),
    INDEX chat_audit_log_action_created_at_id (action, created_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
