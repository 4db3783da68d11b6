DROP TABLE IF EXISTS chat_audit_log;
