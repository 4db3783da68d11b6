-- Writes of tasks, which belong to the checkpoint that the task started from. They may be stored before it.
CREATE TABLE graph_writes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    namespace_id BIGINT NOT NULL,
    checkpoint_id VARCHAR(255) NOT NULL,
    task_id VARCHAR(255) NOT NULL,
    write_index BIGINT NOT NULL,
    task_path TEXT NOT NULL,
    channel VARCHAR(255) NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT graph_writes_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX graph_writes_namespace_id_checkpoint_id_task_id_write_index ON graph_writes (namespace_id, checkpoint_id, task_id, write_index);
