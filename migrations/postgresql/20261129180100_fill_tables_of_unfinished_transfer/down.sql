DELETE FROM unfinished_transfer WHERE id > 0;
