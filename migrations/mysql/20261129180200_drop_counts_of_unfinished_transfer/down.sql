-- The mark remains, so the database stays incomplete. The progress is not restored: the transfer starts over.
ALTER TABLE unfinished_transfer
    ADD COLUMN /*M!100500 IF NOT EXISTS */ last_message BIGINT NOT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ messages BIGINT NOT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ last_token BIGINT NOT NULL,
    ADD COLUMN /*M!100500 IF NOT EXISTS */ tokens BIGINT NOT NULL;
