-- Namespaces of a thread: '' for the graph itself, and one for each subgraph. Deletions increment
-- `generation`.
CREATE TABLE graph_namespaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    thread_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_hash CHAR(64) NOT NULL,
    generation BIGINT NOT NULL,
    CONSTRAINT graph_namespaces_thread_id_fk FOREIGN KEY (thread_id) REFERENCES graph_threads (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX graph_namespaces_thread_id_name_hash ON graph_namespaces (thread_id, name_hash);
