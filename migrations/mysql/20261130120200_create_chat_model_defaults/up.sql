-- The model of each purpose, such as chat or embedding. A purpose has at most one.
CREATE TABLE IF NOT EXISTS chat_model_defaults (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    purpose VARCHAR(100) NOT NULL,
    model_id BIGINT NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    UNIQUE INDEX chat_model_defaults_purpose (purpose),
    INDEX chat_model_defaults_model_id (model_id),
    CONSTRAINT chat_model_defaults_model_id_fk FOREIGN KEY (model_id) REFERENCES chat_models (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
