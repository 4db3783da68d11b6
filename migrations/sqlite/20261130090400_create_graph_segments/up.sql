-- Elements of lists, such as the messages of a chat. A checkpoint has the first n elements of a list.
CREATE TABLE graph_segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    namespace_id BIGINT NOT NULL,
    list_key BIGINT NOT NULL,
    position BIGINT NOT NULL,
    elements BIGINT NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT graph_segments_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX graph_segments_namespace_id_list_key_position ON graph_segments (namespace_id, list_key, position);
