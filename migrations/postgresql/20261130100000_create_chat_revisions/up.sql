-- Numbers of the last change of what programs keep in memory. Each change increments the number first, in its own
-- transaction, so that programs notice it.
CREATE TABLE chat_revisions (
    id BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX chat_revisions_name ON chat_revisions (name);
