-- Conversation, user and usage of a message. Without foreign keys: the log is written in groups, and never waits for
-- other tables. `cost` is in billionths of a US dollar.
-- Only columns, and without a CHECK on `status`: both servers then add them without copying the table.
ALTER TABLE messages
    ADD COLUMN /*M!100500 IF NOT EXISTS */ conversation_id BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ user_id BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ input_tokens BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ output_tokens BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ cached_tokens BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ reasoning_tokens BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ cost BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ latency_ms BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ ttft_ms BIGINT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ status VARCHAR(20) NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ error LONGTEXT NULL;
