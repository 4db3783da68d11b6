-- The items that role-based programs keep: parts of messages, tool calls, attachments.
CREATE TABLE conversation_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    conversation_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    role VARCHAR(50) NOT NULL,
    kind VARCHAR(50) NOT NULL,
    content TEXT NOT NULL CHECK (json_valid(content)),
    message_id BIGINT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT conversation_items_conversation_id_fk FOREIGN KEY (conversation_id) REFERENCES chat_conversations (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX conversation_items_conversation_id_position ON conversation_items (conversation_id, position);
