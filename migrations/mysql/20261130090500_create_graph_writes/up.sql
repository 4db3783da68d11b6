-- Writes of tasks, which belong to the checkpoint that the task started from. They may be stored before it.
CREATE TABLE IF NOT EXISTS graph_writes (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    namespace_id BIGINT NOT NULL,
    checkpoint_id VARCHAR(255) NOT NULL,
    task_id VARCHAR(255) NOT NULL,
    write_index BIGINT NOT NULL,
    task_path LONGTEXT NOT NULL,
    channel VARCHAR(255) NOT NULL,
    data LONGBLOB NOT NULL,
    UNIQUE INDEX graph_writes_namespace_id_checkpoint_id_task_id_write_index (namespace_id, checkpoint_id, task_id, write_index),
    CONSTRAINT graph_writes_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
