-- Tasks that workers run. A running task has a lease, which ends at lease_until and belongs to the holder of
-- lease_token; only running tasks have these values. A task has ended if finished_at is not null. The index that
-- begins with status and kind has the order of claims.
CREATE TABLE IF NOT EXISTS chat_tasks (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id VARCHAR(64) NOT NULL,
    user_id BIGINT NULL,
    kind VARCHAR(100) NOT NULL,
    input JSON NOT NULL,
    status VARCHAR(20) NOT NULL,
    priority INT NOT NULL,
    run_at DATETIME(6) NOT NULL,
    attempts INT NOT NULL,
    max_attempts INT NOT NULL,
    lease_token VARCHAR(32) NULL,
    lease_until DATETIME(6) NULL,
    worker VARCHAR(255) NULL,
    cancel_requested_at DATETIME(6) NULL,
    idempotency_key VARCHAR(255) NULL,
    result JSON NULL,
    error LONGTEXT NULL,
    created_at DATETIME(6) NOT NULL,
    started_at DATETIME(6) NULL,
    finished_at DATETIME(6) NULL,
    UNIQUE INDEX chat_tasks_public_id (public_id),
    UNIQUE INDEX chat_tasks_idempotency_key (idempotency_key),
    INDEX chat_tasks_status_kind_priority_run_at_id (status, kind, priority, run_at, id),
    INDEX chat_tasks_status_id (status, id),
    INDEX chat_tasks_user_id_id (user_id, id),
    INDEX chat_tasks_lease_until (lease_until),
    INDEX chat_tasks_finished_at (finished_at),
    CONSTRAINT chat_tasks_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE,
    CONSTRAINT chat_tasks_status_check CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
