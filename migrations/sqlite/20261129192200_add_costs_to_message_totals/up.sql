-- Messages with a cost, and the sum of their costs.
ALTER TABLE message_totals ADD COLUMN with_cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE message_totals ADD COLUMN cost_high BIGINT NOT NULL DEFAULT 0;
ALTER TABLE message_totals ADD COLUMN cost_low BIGINT NOT NULL DEFAULT 0;
