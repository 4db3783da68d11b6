-- The users in the shape that Flask-Security and pyDAL read. Writes go through chatkeep. The view is optional: it is
-- not created if another program, such as Django, has a table of this name.
CREATE VIEW IF NOT EXISTS auth_user AS
    SELECT chat_users.id, chat_users.email, user_passwords.hash AS password, chat_users.active,
        chat_users.stamp AS fs_uniquifier, chat_users.confirmed_at
    FROM chat_users LEFT JOIN user_passwords ON user_passwords.user_id = chat_users.id;
