-- Raised by every transaction that deletes or moves in messages which are not in message_totals yet: who has added them up
-- meanwhile adds them up again.
ALTER TABLE message_counting ADD COLUMN IF NOT EXISTS revision BIGINT NOT NULL DEFAULT 0;
