-- Conversation, user and usage of a message. Without foreign keys: the log is written in groups, and never waits for
-- other tables. `cost` is in billionths of a US dollar.
-- Only columns, and without a CHECK on `status`, which would read the whole table.
ALTER TABLE messages
    ADD COLUMN IF NOT EXISTS conversation_id BIGINT NULL,
    ADD COLUMN IF NOT EXISTS user_id BIGINT NULL,
    ADD COLUMN IF NOT EXISTS input_tokens BIGINT NULL,
    ADD COLUMN IF NOT EXISTS output_tokens BIGINT NULL,
    ADD COLUMN IF NOT EXISTS cached_tokens BIGINT NULL,
    ADD COLUMN IF NOT EXISTS reasoning_tokens BIGINT NULL,
    ADD COLUMN IF NOT EXISTS cost BIGINT NULL,
    ADD COLUMN IF NOT EXISTS latency_ms BIGINT NULL,
    ADD COLUMN IF NOT EXISTS ttft_ms BIGINT NULL,
    ADD COLUMN IF NOT EXISTS status VARCHAR(20) NULL,
    ADD COLUMN IF NOT EXISTS error TEXT NULL;
