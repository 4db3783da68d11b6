-- Threads of agents, under the keys that applications choose. A key can be longer than an index entry, so its
-- SHA-256 is indexed.
CREATE TABLE graph_threads (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    thread TEXT NOT NULL,
    thread_hash CHAR(64) NOT NULL,
    user_id BIGINT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    expires_at TEXT NULL,
    CONSTRAINT graph_threads_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE NO ACTION
);
CREATE UNIQUE INDEX graph_threads_thread_hash ON graph_threads (thread_hash);
CREATE INDEX graph_threads_updated_at ON graph_threads (updated_at);
CREATE INDEX graph_threads_expires_at ON graph_threads (expires_at);
CREATE INDEX graph_threads_user_id ON graph_threads (user_id);
