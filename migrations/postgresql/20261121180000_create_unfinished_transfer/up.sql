-- Has a row while rows are moved in, and if that was cut off: programs refuse to work on half of the data.
CREATE TABLE unfinished_transfer (
    id INTEGER NOT NULL PRIMARY KEY,
    kind VARCHAR(20) NOT NULL,
    source VARCHAR(255) NOT NULL,
    last_message BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    last_token BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    started_at TIMESTAMP(6) NOT NULL
);
