-- Owner, scopes separated by spaces, and the hash before the last rotation, which is valid until previous_until.
ALTER TABLE api_tokens
    ADD COLUMN /*M!100500 IF NOT EXISTS */ user_id BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ scopes LONGTEXT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ previous_hash CHAR(64) NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ previous_until DATETIME(6) NULL,
    ADD UNIQUE INDEX /*M!100500 IF NOT EXISTS */ api_tokens_previous_hash (previous_hash),
    ADD INDEX /*M!100500 IF NOT EXISTS */ api_tokens_user_id (user_id),
    ADD CONSTRAINT api_tokens_user_id_fk FOREIGN KEY /*M!100500 IF NOT EXISTS */ (user_id) REFERENCES chat_users (id) ON DELETE CASCADE;
