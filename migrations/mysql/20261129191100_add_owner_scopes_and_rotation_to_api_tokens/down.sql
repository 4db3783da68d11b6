ALTER TABLE api_tokens
    DROP FOREIGN KEY /*M!100500 IF EXISTS */ api_tokens_user_id_fk,
    DROP INDEX /*M!100500 IF EXISTS */ api_tokens_user_id, DROP INDEX /*M!100500 IF EXISTS */ api_tokens_previous_hash,
    DROP COLUMN /*M!100500 IF EXISTS */ previous_until, DROP COLUMN /*M!100500 IF EXISTS */ previous_hash,
    DROP COLUMN /*M!100500 IF EXISTS */ scopes, DROP COLUMN /*M!100500 IF EXISTS */ user_id;
