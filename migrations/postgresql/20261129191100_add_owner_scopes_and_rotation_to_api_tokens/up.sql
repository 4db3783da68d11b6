-- Owner, scopes separated by spaces, and the hash before the last rotation, which is valid until previous_until.
ALTER TABLE api_tokens
    ADD COLUMN IF NOT EXISTS user_id BIGINT NULL,
    ADD COLUMN IF NOT EXISTS scopes TEXT NULL,
    ADD COLUMN IF NOT EXISTS previous_hash CHAR(64) NULL,
    ADD COLUMN IF NOT EXISTS previous_until TIMESTAMP(6) NULL,
    ADD CONSTRAINT api_tokens_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE;
CREATE UNIQUE INDEX api_tokens_previous_hash ON api_tokens (previous_hash);
CREATE INDEX api_tokens_user_id ON api_tokens (user_id);
