-- Tasks that workers run. A running task has a lease, which ends at lease_until and belongs to the holder of
-- lease_token; only running tasks have these values. A task has ended if finished_at is not null. The index that
-- begins with status and kind has the order of claims.
CREATE TABLE chat_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    public_id VARCHAR(64) NOT NULL,
    user_id BIGINT NULL,
    kind VARCHAR(100) NOT NULL,
    input TEXT NOT NULL CHECK (json_valid(input)),
    status VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL,
    run_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_token VARCHAR(32) NULL,
    lease_until TEXT NULL,
    worker VARCHAR(255) NULL,
    cancel_requested_at TEXT NULL,
    idempotency_key VARCHAR(255) NULL,
    result TEXT NULL CHECK (result IS NULL OR json_valid(result)),
    error TEXT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT NULL,
    finished_at TEXT NULL,
    CONSTRAINT chat_tasks_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE,
    CONSTRAINT chat_tasks_status_check CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled'))
);
CREATE UNIQUE INDEX chat_tasks_public_id ON chat_tasks (public_id);
CREATE UNIQUE INDEX chat_tasks_idempotency_key ON chat_tasks (idempotency_key);
CREATE INDEX chat_tasks_status_kind_priority_run_at_id ON chat_tasks (status, kind, priority, run_at, id);
CREATE INDEX chat_tasks_status_id ON chat_tasks (status, id);
CREATE INDEX chat_tasks_user_id_id ON chat_tasks (user_id, id);
CREATE INDEX chat_tasks_lease_until ON chat_tasks (lease_until);
CREATE INDEX chat_tasks_finished_at ON chat_tasks (finished_at);
