DROP TABLE IF EXISTS chat_revisions;
