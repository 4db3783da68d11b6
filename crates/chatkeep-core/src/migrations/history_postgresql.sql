CREATE TABLE IF NOT EXISTS chatkeep_migrations (
    version VARCHAR(50) NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    checksum CHAR(64) NOT NULL,
    started_at TIMESTAMP(6) NOT NULL,
    finished_at TIMESTAMP(6) NULL,
    state VARCHAR(20) NOT NULL,
    error TEXT NULL
);
