-- Requests to models of providers. Several attempts of one request have the same request_id. Provider and model are
-- text, because a request outlives them. Without foreign keys, as messages: requests are written in groups, and never
-- wait for the rows of users and conversations. `cost` is in billionths of a US dollar.
CREATE TABLE chat_routing_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    request_id VARCHAR(64) NOT NULL,
    attempt INTEGER NOT NULL,
    user_id BIGINT NULL,
    conversation_id BIGINT NULL,
    capability VARCHAR(100) NULL,
    provider VARCHAR(100) NOT NULL,
    model VARCHAR(100) NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    error_kind VARCHAR(100) NULL,
    latency_ms BIGINT NULL,
    ttft_ms BIGINT NULL,
    input_tokens BIGINT NULL,
    output_tokens BIGINT NULL,
    cached_tokens BIGINT NULL,
    reasoning_tokens BIGINT NULL,
    cost BIGINT NULL,
    reason TEXT NULL CHECK (reason IS NULL OR json_valid(reason)),
    source VARCHAR(20) NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT chat_routing_requests_outcome_check CHECK (outcome IN ('success', 'failure', 'cancelled')),
    CONSTRAINT chat_routing_requests_source_check CHECK (source IN ('request', 'probe'))
);
CREATE UNIQUE INDEX chat_routing_requests_request_id_attempt ON chat_routing_requests (request_id, attempt);
CREATE INDEX chat_routing_requests_created_at_id ON chat_routing_requests (created_at, id);
CREATE INDEX chat_routing_requests_user_id_created_at_id ON chat_routing_requests (user_id, created_at, id);
