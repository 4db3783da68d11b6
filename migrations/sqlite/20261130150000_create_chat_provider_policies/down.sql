DROP TABLE chat_provider_policies;
