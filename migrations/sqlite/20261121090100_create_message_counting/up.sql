-- Its one row tells up to which id messages are in message_totals. Ids up to settled_to cannot turn up any more; those up
-- to seen could not be given any more at seen_at.
CREATE TABLE message_counting (
    id INTEGER NOT NULL PRIMARY KEY,
    counted_to BIGINT NOT NULL,
    settled_to BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    seen_at TEXT NOT NULL
);
