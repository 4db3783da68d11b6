-- Totals of 30 days (720 hours), counted from the year 1000 on: what the totals of their days add up to.
REPLACE INTO message_totals (hours, start, provider, model, messages, with_tokens, tokens_high, tokens_low)
SELECT 720, DATE('1000-01-01') + INTERVAL (TO_DAYS(start) - TO_DAYS('1000-01-01')) DIV 30 * 30 DAY AS period, provider, model,
    sum(messages), sum(with_tokens), sum(tokens_high), sum(tokens_low)
FROM message_totals WHERE hours = 24 GROUP BY period, provider, model;
