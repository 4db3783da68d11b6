ALTER TABLE message_counting DROP COLUMN IF EXISTS revision;
