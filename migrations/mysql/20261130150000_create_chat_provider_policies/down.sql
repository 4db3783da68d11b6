DROP TABLE IF EXISTS chat_provider_policies;
