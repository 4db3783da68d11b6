DELETE FROM message_totals WHERE hours = 720;
