-- The mark remains, so the database stays incomplete. The progress is not restored: the transfer starts over.
-- A new table, because SQLite adds a column that is NOT NULL only with a default.
ALTER TABLE unfinished_transfer RENAME TO unfinished_transfer_before;
CREATE TABLE unfinished_transfer (
    id INTEGER NOT NULL PRIMARY KEY,
    kind VARCHAR(20) NOT NULL,
    source VARCHAR(255) NOT NULL,
    last_message BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    last_token BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    started_at TEXT NOT NULL,
    table_name VARCHAR(64),
    last_id BIGINT NOT NULL DEFAULT 0,
    stored_rows BIGINT NOT NULL DEFAULT 0
);
INSERT INTO unfinished_transfer
SELECT id, kind, source, 0, 0, 0, 0, started_at, table_name, last_id, stored_rows FROM unfinished_transfer_before;
DROP TABLE unfinished_transfer_before;
