-- Every change of the items increments it, so that a program detects changes by others.
ALTER TABLE chat_conversations ADD COLUMN item_version BIGINT NOT NULL DEFAULT 0;
