DROP TABLE chat_tasks;
