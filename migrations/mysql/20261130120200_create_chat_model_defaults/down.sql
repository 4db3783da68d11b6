DROP TABLE IF EXISTS chat_model_defaults;
