-- Numbers of the last change of what programs keep in memory. Each change increments the number first, in its own
-- transaction, so that programs notice it.
CREATE TABLE IF NOT EXISTS chat_revisions (
    id BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE INDEX chat_revisions_name (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
