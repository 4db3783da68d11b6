ALTER TABLE messages
    DROP COLUMN IF EXISTS error,
    DROP COLUMN IF EXISTS status,
    DROP COLUMN IF EXISTS ttft_ms,
    DROP COLUMN IF EXISTS latency_ms,
    DROP COLUMN IF EXISTS cost,
    DROP COLUMN IF EXISTS reasoning_tokens,
    DROP COLUMN IF EXISTS cached_tokens,
    DROP COLUMN IF EXISTS output_tokens,
    DROP COLUMN IF EXISTS input_tokens,
    DROP COLUMN IF EXISTS user_id,
    DROP COLUMN IF EXISTS conversation_id;
