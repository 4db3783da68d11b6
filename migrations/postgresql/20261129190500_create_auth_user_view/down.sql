DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_class
        WHERE relname = 'auth_user' AND relkind = 'v' AND relnamespace = current_schema()::regnamespace
    ) THEN
        DROP VIEW auth_user;
    END IF;
END
$$;
