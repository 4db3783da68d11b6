DROP TABLE open_turns;
