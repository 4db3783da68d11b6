-- Owner, scopes separated by spaces, and the hash before the last rotation, which is valid until previous_until.
ALTER TABLE api_tokens ADD COLUMN user_id BIGINT NULL
    CONSTRAINT api_tokens_user_id_fk REFERENCES chat_users (id) ON DELETE CASCADE;
ALTER TABLE api_tokens ADD COLUMN scopes TEXT NULL;
ALTER TABLE api_tokens ADD COLUMN previous_hash CHAR(64) NULL;
ALTER TABLE api_tokens ADD COLUMN previous_until TEXT NULL;
CREATE UNIQUE INDEX api_tokens_previous_hash ON api_tokens (previous_hash);
CREATE INDEX api_tokens_user_id ON api_tokens (user_id);
