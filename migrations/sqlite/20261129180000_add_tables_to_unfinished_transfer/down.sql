ALTER TABLE unfinished_transfer DROP COLUMN stored_rows;
ALTER TABLE unfinished_transfer DROP COLUMN last_id;
ALTER TABLE unfinished_transfer DROP COLUMN table_name;
