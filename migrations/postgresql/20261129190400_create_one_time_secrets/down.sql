DROP TABLE one_time_secrets;
