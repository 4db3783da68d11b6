-- Namespaces of a thread: '' for the graph itself, and one for each subgraph. Deletions increment
-- `generation`.
CREATE TABLE IF NOT EXISTS graph_namespaces (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    thread_id BIGINT NOT NULL,
    name LONGTEXT NOT NULL,
    name_hash CHAR(64) NOT NULL,
    generation BIGINT NOT NULL,
    UNIQUE INDEX graph_namespaces_thread_id_name_hash (thread_id, name_hash),
    CONSTRAINT graph_namespaces_thread_id_fk FOREIGN KEY (thread_id) REFERENCES graph_threads (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
