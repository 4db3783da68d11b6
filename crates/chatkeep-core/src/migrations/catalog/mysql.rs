//! Catalog queries for MySQL and MariaDB, for the current database. Its name is removed from
//! definitions.

const TABLES: &str = "
    SELECT CAST(table_name AS CHAR) AS of_table, 'table' AS kind, '' AS name,
        CAST(CONCAT_WS(' ', engine, table_collation) AS CHAR) AS definition
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";

const COLUMNS: &str = "
    SELECT CAST(c.table_name AS CHAR) AS of_table, 'column' AS kind,
        CAST(column_name AS CHAR) AS name,
        CAST(CONCAT(column_type, COALESCE(CONCAT(' ', collation_name), ''),
            IF(is_nullable = 'NO', ' not null', ''),
            IF(column_default IS NULL OR column_default = 'NULL', '',
                CONCAT(' default ', column_default)),
            IF(extra = '', '', CONCAT(' ', extra)),
            IF(COALESCE(generation_expression, '') = '', '',
                CONCAT(' as ', generation_expression))) AS CHAR) AS definition
    FROM information_schema.columns c JOIN information_schema.tables t
        ON t.table_schema = c.table_schema AND t.table_name = c.table_name
            AND t.table_type = 'BASE TABLE'
    WHERE c.table_schema = DATABASE()";

const INDEXES: &str = "
    SELECT CAST(table_name AS CHAR) AS of_table,
        IF(index_name = 'PRIMARY', 'primary key', 'index') AS kind,
        CAST(index_name AS CHAR) AS name,
        CAST(CONCAT(IF(MIN(non_unique) = 0, 'unique ', ''),
            IF(MIN(index_type) = 'BTREE', '', CONCAT(LOWER(MIN(index_type)), ' ')), '(',
            GROUP_CONCAT(CONCAT(COALESCE(column_name, 'an expression'),
                COALESCE(CONCAT('(', sub_part, ')'), ''),
                IF(collation = 'D', ' desc', '')) ORDER BY seq_in_index SEPARATOR ', '),
                    ')') AS CHAR) AS definition
    FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name,
        index_name";

const FOREIGN_KEYS: &str = "
    SELECT CAST(k.table_name AS CHAR) AS of_table, 'foreign key' AS kind,
        CAST(k.constraint_name AS CHAR) AS name,
        CAST(CONCAT('(', GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position SEPARATOR ', '),
            ') to ', MIN(k.referenced_table_name), ' (',
            GROUP_CONCAT(k.referenced_column_name ORDER BY k.ordinal_position SEPARATOR ', '),
                ') on update ', MIN(r.update_rule),
            ' on delete ', MIN(r.delete_rule)) AS CHAR) AS definition
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
            AND r.table_name = k.table_name
    WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL GROUP BY k.table_name,
        k.constraint_name";

const TRIGGERS: &str = "
    SELECT CAST(event_object_table AS CHAR) AS of_table, 'trigger' AS kind,
        CAST(trigger_name AS CHAR) AS name,
        CAST(CONCAT_WS(' ', action_timing, event_manipulation,
            action_statement) AS CHAR) AS definition
    FROM information_schema.triggers WHERE trigger_schema = DATABASE()";

const VIEWS: &str = "
    SELECT '' AS of_table, 'view' AS kind, CAST(table_name AS CHAR) AS name,
        CAST(REPLACE(view_definition, CONCAT('`', DATABASE(), '`.'), '') AS CHAR) AS definition
    FROM information_schema.views WHERE table_schema = DATABASE()";

const ROUTINES: &str = "
    SELECT '' AS of_table, LOWER(routine_type) AS kind, CAST(routine_name AS CHAR) AS name,
        CAST(CONCAT_WS(' ', dtd_identifier, routine_definition) AS CHAR) AS definition
    FROM information_schema.routines WHERE routine_schema = DATABASE()";

const MYSQL_CHECKS: &str = "
    SELECT CAST(t.table_name AS CHAR) AS of_table, 'check' AS kind,
        CAST(t.constraint_name AS CHAR) AS name,
        CAST(c.check_clause AS CHAR) AS definition
    FROM information_schema.table_constraints t JOIN information_schema.check_constraints c
        ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name
    WHERE t.table_schema = DATABASE() AND t.constraint_type = 'CHECK'";

const MARIADB_CHECKS: &str = "
    SELECT CAST(table_name AS CHAR) AS of_table, 'check' AS kind,
        CAST(constraint_name AS CHAR) AS name,
        CAST(check_clause AS CHAR) AS definition
    FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()";

pub(super) const MYSQL_QUERIES: &[&str] =
    &[TABLES, COLUMNS, INDEXES, FOREIGN_KEYS, TRIGGERS, VIEWS, ROUTINES, MYSQL_CHECKS];

pub(super) const MARIADB_QUERIES: &[&str] =
    &[TABLES, COLUMNS, INDEXES, FOREIGN_KEYS, TRIGGERS, VIEWS, ROUTINES, MARIADB_CHECKS];
