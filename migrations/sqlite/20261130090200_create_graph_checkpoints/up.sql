-- Checkpoints of agents. `data` has the serialized state, without values that are in other tables.
CREATE TABLE graph_checkpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    namespace_id BIGINT NOT NULL,
    checkpoint_id VARCHAR(255) NOT NULL,
    parent_id VARCHAR(255) NULL,
    run_id VARCHAR(255) NULL,
    created_at TEXT NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT graph_checkpoints_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX graph_checkpoints_namespace_id_checkpoint_id ON graph_checkpoints (namespace_id, checkpoint_id);
CREATE INDEX graph_checkpoints_run_id ON graph_checkpoints (run_id);
