-- Long-term memory of agents: JSON objects under a namespace and a key. Each segment of a namespace is
-- followed by a slash, so that a prefix of segments is one range of the index.
CREATE TABLE IF NOT EXISTS graph_memories (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    namespace VARCHAR(500) NOT NULL,
    item_key VARCHAR(255) NOT NULL,
    value JSON NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NULL,
    ttl_seconds BIGINT NULL,
    UNIQUE INDEX graph_memories_namespace_item_key (namespace, item_key),
    INDEX graph_memories_expires_at (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
