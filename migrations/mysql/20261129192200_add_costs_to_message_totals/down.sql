ALTER TABLE message_totals
    DROP COLUMN /*M!100500 IF EXISTS */ cost_low,
    DROP COLUMN /*M!100500 IF EXISTS */ cost_high,
    DROP COLUMN /*M!100500 IF EXISTS */ with_cost;
