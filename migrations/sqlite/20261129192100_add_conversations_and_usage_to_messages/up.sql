-- Conversation, user and usage of a message. Without foreign keys: the log is written in groups, and never waits for
-- other tables. `cost` is in billionths of a US dollar.
-- Only columns, and without a CHECK on `status`, which would read the whole table.
ALTER TABLE messages ADD COLUMN conversation_id BIGINT NULL;
ALTER TABLE messages ADD COLUMN user_id BIGINT NULL;
ALTER TABLE messages ADD COLUMN input_tokens BIGINT NULL;
ALTER TABLE messages ADD COLUMN output_tokens BIGINT NULL;
ALTER TABLE messages ADD COLUMN cached_tokens BIGINT NULL;
ALTER TABLE messages ADD COLUMN reasoning_tokens BIGINT NULL;
ALTER TABLE messages ADD COLUMN cost BIGINT NULL;
ALTER TABLE messages ADD COLUMN latency_ms BIGINT NULL;
ALTER TABLE messages ADD COLUMN ttft_ms BIGINT NULL;
ALTER TABLE messages ADD COLUMN status VARCHAR(20) NULL;
ALTER TABLE messages ADD COLUMN error TEXT NULL;
