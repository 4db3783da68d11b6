CREATE TABLE stream_chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    stream_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT stream_chunks_stream_id_fk FOREIGN KEY (stream_id) REFERENCES chat_streams (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX stream_chunks_stream_id_seq ON stream_chunks (stream_id, seq);
