-- Every change of the items increments it, so that a program detects changes by others.
ALTER TABLE chat_conversations ADD COLUMN /*M!100500 IF NOT EXISTS */ item_version BIGINT NOT NULL DEFAULT 0;
