-- Has a row while rows are moved in, and if that was cut off: programs refuse to work on half of the data.
CREATE TABLE IF NOT EXISTS unfinished_transfer (
    id INT NOT NULL PRIMARY KEY,
    kind VARCHAR(20) NOT NULL,
    source VARCHAR(255) NOT NULL,
    last_message BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    last_token BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    started_at DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = /*!80017 utf8mb4_0900_bin */ /*M!100500 utf8mb4_nopad_bin */;
