ALTER TABLE api_tokens
    DROP COLUMN IF EXISTS previous_until, DROP COLUMN IF EXISTS previous_hash,
    DROP COLUMN IF EXISTS scopes, DROP COLUMN IF EXISTS user_id;
