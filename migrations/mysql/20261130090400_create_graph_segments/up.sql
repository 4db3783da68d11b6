-- Elements of lists, such as the messages of a chat. A checkpoint has the first n elements of a list.
CREATE TABLE IF NOT EXISTS graph_segments (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    namespace_id BIGINT NOT NULL,
    list_key BIGINT NOT NULL,
    position BIGINT NOT NULL,
    elements BIGINT NOT NULL,
    data LONGBLOB NOT NULL,
    UNIQUE INDEX graph_segments_namespace_id_list_key_position (namespace_id, list_key, position),
    CONSTRAINT graph_segments_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
