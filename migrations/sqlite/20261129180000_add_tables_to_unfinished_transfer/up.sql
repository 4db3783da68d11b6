-- The row with id 0 marks the database incomplete. A row with a greater id is the progress of one table.
ALTER TABLE unfinished_transfer ADD COLUMN table_name VARCHAR(64);
ALTER TABLE unfinished_transfer ADD COLUMN last_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE unfinished_transfer ADD COLUMN stored_rows BIGINT NOT NULL DEFAULT 0;
