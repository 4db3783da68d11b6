-- What the messages of an hour or a day add up to. `hours` is 1 or 24, `start` the first moment.
CREATE TABLE message_totals (
    hours INTEGER NOT NULL,
    start TIMESTAMP(6) NOT NULL,
    provider VARCHAR(50) NOT NULL,
    model VARCHAR(100) NOT NULL,
    messages BIGINT NOT NULL,
    with_tokens BIGINT NOT NULL,
    tokens_high BIGINT NOT NULL,
    tokens_low BIGINT NOT NULL,
    PRIMARY KEY (hours, start, provider, model)
);
