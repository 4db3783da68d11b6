ALTER TABLE message_totals DROP COLUMN cost_low;
ALTER TABLE message_totals DROP COLUMN cost_high;
ALTER TABLE message_totals DROP COLUMN with_cost;
