-- The mark remains, so the database stays incomplete. The progress is not restored: the transfer starts over.
ALTER TABLE unfinished_transfer
    ADD COLUMN IF NOT EXISTS last_message BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS messages BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS last_token BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE unfinished_transfer
    ALTER COLUMN last_message DROP DEFAULT, ALTER COLUMN messages DROP DEFAULT,
    ALTER COLUMN last_token DROP DEFAULT, ALTER COLUMN tokens DROP DEFAULT;
