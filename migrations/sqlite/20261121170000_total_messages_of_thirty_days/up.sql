-- Totals of 30 days (720 hours), counted from the year 1000 on: what the totals of their days add up to.
INSERT INTO message_totals (hours, start, provider, model, messages, with_tokens, tokens_high, tokens_low)
SELECT 720,
    date('1000-01-01', '+' || (CAST(julianday(start) - julianday('1000-01-01') AS INTEGER) / 30 * 30) || ' days')
        || ' 00:00:00.000000',
    provider, model, sum(messages), sum(with_tokens), sum(tokens_high), sum(tokens_low)
FROM message_totals WHERE hours = 24 GROUP BY 2, provider, model;
