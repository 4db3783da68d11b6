-- Its one row tells up to which id messages are in message_totals. Ids up to settled_to cannot turn up any more; those up
-- to seen could not be given any more at seen_at.
CREATE TABLE IF NOT EXISTS message_counting (
    id INT NOT NULL PRIMARY KEY,
    counted_to BIGINT NOT NULL,
    settled_to BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    seen_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
