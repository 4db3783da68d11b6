-- The users in the shape that Flask-Security and pyDAL read. Writes go through chatkeep. The view is optional: it is
-- not created if another program, such as Django, has a table of this name.
SET @chatkeep_view = (
    SELECT IF(COUNT(*) > 0, 'DO 0', 'CREATE SQL SECURITY INVOKER VIEW auth_user AS
        SELECT chat_users.id, chat_users.email, user_passwords.hash AS password, chat_users.active,
            chat_users.stamp AS fs_uniquifier, chat_users.confirmed_at
        FROM chat_users LEFT JOIN user_passwords ON user_passwords.user_id = chat_users.id')
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'auth_user'
);
PREPARE chatkeep_view FROM @chatkeep_view;
EXECUTE chatkeep_view;
DEALLOCATE PREPARE chatkeep_view;
