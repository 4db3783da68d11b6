DROP TABLE IF EXISTS user_passwords;
