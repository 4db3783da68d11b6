-- Long-term memory of agents: JSON objects under a namespace and a key. Each segment of a namespace is
-- followed by a slash, so that a prefix of segments is one range of the index.
CREATE TABLE graph_memories (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    namespace VARCHAR(500) NOT NULL,
    item_key VARCHAR(255) NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    expires_at TEXT NULL,
    ttl_seconds BIGINT NULL
);
CREATE UNIQUE INDEX graph_memories_namespace_item_key ON graph_memories (namespace, item_key);
CREATE INDEX graph_memories_expires_at ON graph_memories (expires_at);
