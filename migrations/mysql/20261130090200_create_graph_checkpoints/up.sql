-- Checkpoints of agents. `data` has the serialized state, without values that are in other tables.
CREATE TABLE IF NOT EXISTS graph_checkpoints (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    namespace_id BIGINT NOT NULL,
    checkpoint_id VARCHAR(255) NOT NULL,
    parent_id VARCHAR(255) NULL,
    run_id VARCHAR(255) NULL,
    created_at DATETIME(6) NOT NULL,
    data LONGBLOB NOT NULL,
    UNIQUE INDEX graph_checkpoints_namespace_id_checkpoint_id (namespace_id, checkpoint_id),
    INDEX graph_checkpoints_run_id (run_id),
    CONSTRAINT graph_checkpoints_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
