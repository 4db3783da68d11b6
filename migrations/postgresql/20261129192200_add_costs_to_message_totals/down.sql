ALTER TABLE message_totals
    DROP COLUMN IF EXISTS cost_low,
    DROP COLUMN IF EXISTS cost_high,
    DROP COLUMN IF EXISTS with_cost;
