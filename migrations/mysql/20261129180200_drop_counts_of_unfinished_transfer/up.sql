-- The rows of the tables have replaced these columns. No running program uses them: a program reads this table
-- when it starts, and an earlier version does not start on this schema.
ALTER TABLE unfinished_transfer
    DROP COLUMN /*M!100500 IF EXISTS */ last_message, DROP COLUMN /*M!100500 IF EXISTS */ messages,
    DROP COLUMN /*M!100500 IF EXISTS */ last_token, DROP COLUMN /*M!100500 IF EXISTS */ tokens;
