ALTER TABLE unfinished_transfer
    DROP COLUMN IF EXISTS stored_rows, DROP COLUMN IF EXISTS last_id, DROP COLUMN IF EXISTS table_name;
