-- The model of each purpose, such as chat or embedding. A purpose has at most one.
CREATE TABLE chat_model_defaults (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    purpose VARCHAR(100) NOT NULL,
    model_id BIGINT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT chat_model_defaults_model_id_fk FOREIGN KEY (model_id) REFERENCES chat_models (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX chat_model_defaults_purpose ON chat_model_defaults (purpose);
CREATE INDEX chat_model_defaults_model_id ON chat_model_defaults (model_id);
