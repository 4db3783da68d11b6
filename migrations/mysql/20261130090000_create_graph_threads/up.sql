-- Threads of agents, under the keys that applications choose. A key can be longer than an index entry, so its
-- SHA-256 is indexed.
CREATE TABLE IF NOT EXISTS graph_threads (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    thread LONGTEXT NOT NULL,
    thread_hash CHAR(64) NOT NULL,
    user_id BIGINT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NULL,
    UNIQUE INDEX graph_threads_thread_hash (thread_hash),
    INDEX graph_threads_updated_at (updated_at),
    INDEX graph_threads_expires_at (expires_at),
    INDEX graph_threads_user_id (user_id),
    CONSTRAINT graph_threads_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE NO ACTION
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
