-- A copy that was interrupted before the upgrade can be resumed after it.
INSERT IGNORE INTO unfinished_transfer
    (id, kind, source, last_message, messages, last_token, tokens, started_at, table_name, last_id, stored_rows)
SELECT 1, kind, source, 0, 0, 0, 0, started_at, 'messages', last_message, messages
FROM unfinished_transfer WHERE id = 0
UNION ALL
SELECT 2, kind, source, 0, 0, 0, 0, started_at, 'api_tokens', last_token, tokens
FROM unfinished_transfer WHERE id = 0;
