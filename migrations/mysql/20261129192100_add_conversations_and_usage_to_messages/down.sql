ALTER TABLE messages
    DROP COLUMN /*M!100500 IF EXISTS */ error,
    DROP COLUMN /*M!100500 IF EXISTS */ status,
    DROP COLUMN /*M!100500 IF EXISTS */ ttft_ms,
    DROP COLUMN /*M!100500 IF EXISTS */ latency_ms,
    DROP COLUMN /*M!100500 IF EXISTS */ cost,
    DROP COLUMN /*M!100500 IF EXISTS */ reasoning_tokens,
    DROP COLUMN /*M!100500 IF EXISTS */ cached_tokens,
    DROP COLUMN /*M!100500 IF EXISTS */ output_tokens,
    DROP COLUMN /*M!100500 IF EXISTS */ input_tokens,
    DROP COLUMN /*M!100500 IF EXISTS */ user_id,
    DROP COLUMN /*M!100500 IF EXISTS */ conversation_id;
