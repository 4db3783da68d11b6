-- Large values of channels, once for each content. `digest` is the SHA-256 of the value.
CREATE TABLE graph_values (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    namespace_id BIGINT NOT NULL,
    digest CHAR(64) NOT NULL,
    data BLOB NOT NULL,
    CONSTRAINT graph_values_namespace_id_fk FOREIGN KEY (namespace_id) REFERENCES graph_namespaces (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX graph_values_namespace_id_digest ON graph_values (namespace_id, digest);
