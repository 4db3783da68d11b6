-- Ids below the mark of message_counting that were missing when it passed them, and may still turn up.
CREATE TABLE IF NOT EXISTS message_gaps (
    first BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
