DROP TABLE chat_users;
