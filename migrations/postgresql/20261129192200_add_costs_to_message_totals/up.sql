-- Messages with a cost, and the sum of their costs.
ALTER TABLE message_totals
    ADD COLUMN IF NOT EXISTS with_cost BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS cost_high BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS cost_low BIGINT NOT NULL DEFAULT 0;
