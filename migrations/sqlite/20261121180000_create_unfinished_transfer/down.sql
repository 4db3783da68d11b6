DROP TABLE IF EXISTS unfinished_transfer;
