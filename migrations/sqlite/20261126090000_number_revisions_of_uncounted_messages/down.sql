ALTER TABLE message_counting DROP COLUMN revision;
