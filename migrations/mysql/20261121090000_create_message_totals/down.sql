DROP TABLE IF EXISTS message_totals;
