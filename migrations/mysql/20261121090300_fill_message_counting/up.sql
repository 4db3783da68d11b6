-- No message is counted yet: the program counts those that are there, without holding up anybody who writes.
INSERT IGNORE INTO message_counting (id, counted_to, settled_to, seen, seen_at)
VALUES (0, 0, 0, 0, '1000-01-01 00:00:00.000000');
