CREATE TABLE IF NOT EXISTS stream_chunks (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    stream_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    content LONGTEXT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE INDEX stream_chunks_stream_id_seq (stream_id, seq),
    CONSTRAINT stream_chunks_stream_id_fk FOREIGN KEY (stream_id) REFERENCES chat_streams (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
