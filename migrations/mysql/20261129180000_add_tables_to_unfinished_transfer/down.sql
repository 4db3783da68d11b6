ALTER TABLE unfinished_transfer
    DROP COLUMN /*M!100500 IF EXISTS */ stored_rows, DROP COLUMN /*M!100500 IF EXISTS */ last_id, DROP COLUMN /*M!100500 IF EXISTS */ table_name;
