SET @chatkeep_view = (
    SELECT IF(COUNT(*) > 0, 'DROP VIEW auth_user', 'DO 0')
    FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = 'auth_user'
);
PREPARE chatkeep_view FROM @chatkeep_view;
EXECUTE chatkeep_view;
DEALLOCATE PREPARE chatkeep_view;
