DROP TABLE chat_audit_log;
