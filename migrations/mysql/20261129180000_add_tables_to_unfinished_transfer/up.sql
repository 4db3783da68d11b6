-- The row with id 0 marks the database incomplete. A row with a greater id is the progress of one table.
ALTER TABLE unfinished_transfer
    ADD COLUMN /*M!100500 IF NOT EXISTS */ table_name VARCHAR(64),
    ADD COLUMN /*M!100500 IF NOT EXISTS */ last_id BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ stored_rows BIGINT NOT NULL DEFAULT 0;
