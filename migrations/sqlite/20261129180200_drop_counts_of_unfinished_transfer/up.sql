-- The rows of the tables have replaced these columns. No running program uses them: a program reads this table
-- when it starts, and an earlier version does not start on this schema.
ALTER TABLE unfinished_transfer DROP COLUMN last_message;
ALTER TABLE unfinished_transfer DROP COLUMN messages;
ALTER TABLE unfinished_transfer DROP COLUMN last_token;
ALTER TABLE unfinished_transfer DROP COLUMN tokens;
