DELETE FROM chat_revisions;
