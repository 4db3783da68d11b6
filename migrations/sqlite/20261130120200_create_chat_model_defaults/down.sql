DROP TABLE chat_model_defaults;
