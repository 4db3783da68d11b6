-- Large values of channels, once for each content. `digest` is the SHA-256 of the value.
CREATE TABLE IF NOT EXISTS graph_values (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    namespace_id BIGINT NOT NULL,
    digest CHAR(64) NOT NULL,
    data LONGBLOB NOT NULL,
    UNIQUE INDEX graph_values_namespace_id_digest (namespace_id, digest),
    CONSTRAINT graph_values_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
