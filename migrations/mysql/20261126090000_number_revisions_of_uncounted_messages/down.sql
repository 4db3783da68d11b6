ALTER TABLE message_counting DROP COLUMN /*M!100500 IF EXISTS */ revision;
