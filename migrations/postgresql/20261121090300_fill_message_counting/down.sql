DELETE FROM message_counting;
