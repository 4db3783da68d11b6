DROP TABLE chat_revisions;
