-- Ids below the mark of message_counting that were missing when it passed them, and may still turn up.
CREATE TABLE message_gaps (
    first BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
