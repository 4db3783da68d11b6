-- Sums of requests by minute and hour; `minutes` is 1 or 60, `start` the beginning. They change in the transaction of the
-- requests. A group of requests adds to the rows of one shard, so that processes do not wait for each other, and
-- readers sum over the shards. The cost is cost_high * 2^32 + cost_low billionths of a US dollar. A latency is counted
-- in one column: that of the smallest limit that it does not exceed.
CREATE TABLE chat_routing_totals (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    minutes INTEGER NOT NULL,
    start TEXT NOT NULL,
    provider VARCHAR(100) NOT NULL,
    model VARCHAR(100) NOT NULL,
    source VARCHAR(20) NOT NULL,
    shard INTEGER NOT NULL,
    requests BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    with_ttft BIGINT NOT NULL,
    ttft_ms BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost_high BIGINT NOT NULL,
    cost_low BIGINT NOT NULL,
    within_100_ms BIGINT NOT NULL,
    within_250_ms BIGINT NOT NULL,
    within_500_ms BIGINT NOT NULL,
    within_1000_ms BIGINT NOT NULL,
    within_2000_ms BIGINT NOT NULL,
    within_4000_ms BIGINT NOT NULL,
    within_8000_ms BIGINT NOT NULL,
    within_15000_ms BIGINT NOT NULL,
    within_30000_ms BIGINT NOT NULL,
    within_60000_ms BIGINT NOT NULL,
    over_60000_ms BIGINT NOT NULL,
    last_request_at TEXT NOT NULL,
    last_failure_at TEXT NULL,
    CONSTRAINT chat_routing_totals_minutes_check CHECK (minutes IN (1, 60)),
    CONSTRAINT chat_routing_totals_source_check CHECK (source IN ('request', 'probe'))
);
CREATE UNIQUE INDEX chat_routing_totals_key ON chat_routing_totals (minutes, start, provider, model, source, shard);
CREATE INDEX chat_routing_totals_minutes_shard_start ON chat_routing_totals (minutes, shard, start);
