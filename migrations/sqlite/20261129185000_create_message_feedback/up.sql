-- Ratings of responses: at most one for each message and user.
CREATE TABLE message_feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    message_id BIGINT NOT NULL,
    user_key VARCHAR(255) NOT NULL,
    rating INTEGER NOT NULL,
    comment TEXT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT message_feedback_message_id_fk FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE,
    CONSTRAINT message_feedback_rating_check CHECK (rating BETWEEN -10 AND 10)
);
CREATE UNIQUE INDEX message_feedback_message_id_user_key ON message_feedback (message_id, user_key);
CREATE INDEX message_feedback_updated_at ON message_feedback (updated_at);
CREATE INDEX message_feedback_user_key_id ON message_feedback (user_key, id);
