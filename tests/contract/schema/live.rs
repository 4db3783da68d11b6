//! The live tables of each engine: columns, types, nullability, collations, keys and indexes.

use chatkeep_testkit::Engine;
use chatkeep_transfer::count_rows;

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty => the_live_schema_matches_its_description];

/// The expected tables. After a line with the name of an engine, the tables of this engine follow.
const EXPECTED: &str = include_str!("live.txt");

fn the_live_schema_matches_its_description(store: &Store) {
    store.database().upgrade().expect("the schema is created");
    for rows in count_rows(store).expect("the query succeeds").iter() {
        assert!(tables(store.engine()).any(|table| table == rows.table), "add {}", rows.table);
    }
    let described: Vec<_> =
        tables(store.engine()).flat_map(|table| describe(store, table)).collect();
    let described = described.join("\n");
    assert_eq!(described, expected(store.engine()), "\n== {}\n{described}", store.engine().name());
}

/// Returns the expected tables of an engine.
fn expected(engine: Engine) -> &'static str {
    let head = format!("== {}\n", engine.name());
    let (_, expected) = EXPECTED.split_once(&head).expect("the engine has a part");
    expected.split("\n== ").next().unwrap_or_default().trim()
}

/// Returns the names of the expected tables.
pub(crate) fn tables(engine: Engine) -> impl Iterator<Item = &'static str> {
    let heads = expected(engine).lines().filter(|line| !line.starts_with(' '));
    heads.filter_map(|line| line.split(' ').next())
}

/// Returns a line for the table, for each column in order, and for each index by name.
fn describe(store: &Store, table: &str) -> Vec<String> {
    let [head, columns, indexes, rest] = queries(store.engine());
    let mut described = lines(store, table, head);
    for part in [columns, indexes, rest] {
        described.extend(lines(store, table, part).into_iter().map(|line| format!("  {line}")));
    }
    described
}

/// Returns a line for each column.
pub(super) fn columns(store: &Store, table: &str) -> Vec<String> {
    let [_, columns, ..] = queries(store.engine());
    lines(store, table, columns)
}

fn lines(store: &Store, table: &str, sql: &str) -> Vec<String> {
    let rows = store.raw.query(&sql.replace("{table}", table));
    rows.into_iter().map(|row| row.into_iter().flatten().collect()).collect()
}

/// Queries for the table, its columns, its indexes, and its other properties. Each row becomes a
/// line.
fn queries(engine: Engine) -> [&'static str; 4] {
    match engine {
        Engine::Sqlite => ["SELECT '{table}'", SQLITE_COLUMNS, SQLITE_INDEXES, SQLITE_REST],
        Engine::PostgreSql => {
            ["SELECT '{table}'", POSTGRESQL_COLUMNS, POSTGRESQL_INDEXES, POSTGRESQL_CHECKS]
        }
        Engine::MariaDb => [SERVER_TABLE, SERVER_COLUMNS, SERVER_INDEXES, MARIADB_CHECKS],
        Engine::MySql => [SERVER_TABLE, SERVER_COLUMNS, SERVER_INDEXES, MYSQL_CHECKS],
    }
}

const SQLITE_COLUMNS: &str = "
    SELECT name || ' ' || type || iif(\"notnull\", ' not null', '') || iif(pk, ' key ' || pk, '')
        || iif(dflt_value IS NULL, '', ' default ' || dflt_value)
    FROM pragma_table_info('{table}') ORDER BY cid";

const SQLITE_INDEXES: &str = "
    SELECT iif(\"unique\", 'unique ', '') || 'index ' || list.name || ' (' ||
        (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(list.name) \
        ORDER BY seqno)) || ')'
    FROM pragma_index_list('{table}') AS list ORDER BY list.name";

const SQLITE_REST: &str = "
    SELECT 'ids are never reused' FROM sqlite_schema WHERE name = '{table}' AND sql LIKE \
    '%AUTOINCREMENT%'
    UNION ALL
    SELECT c.name || ' is checked to be JSON' FROM sqlite_schema AS s, pragma_table_info('{table}') AS c
    WHERE s.name = '{table}' AND s.sql LIKE '%json_valid(' || c.name || ')%'
    UNION ALL
    SELECT 'foreign key ' || \"from\" || ' to ' || \"table\" || ', on delete ' || lower(on_delete)
    FROM pragma_foreign_key_list('{table}')
    UNION ALL
    SELECT 'check of ' || c.name FROM sqlite_schema AS s, pragma_table_info('{table}') AS c
    WHERE s.name = '{table}' AND instr(s.sql, '_' || c.name || '_check CHECK')";

// A server may quote the names of types.
const POSTGRESQL_COLUMNS: &str = "
    SET quote_all_identifiers = off;
    SELECT attname || ' ' || format_type(atttypid, atttypmod)
        || CASE WHEN attnotnull THEN ' not null' ELSE '' END
        || CASE attidentity WHEN 'd' THEN ' identity BY DEFAULT' WHEN 'a' THEN ' identity ALWAYS' \
        ELSE '' END
        || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

const POSTGRESQL_INDEXES: &str = "
    SELECT CASE WHEN indisunique THEN 'unique ' ELSE '' END || 'index ' || relname || ' (' ||
        (SELECT string_agg(attname, ', ' ORDER BY ordinal)
         FROM unnest(indkey::int[]) WITH ORDINALITY AS part (number, ordinal)
         JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number) || ')'
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = '{table}'::regclass ORDER BY relname";

const POSTGRESQL_CHECKS: &str = "
    SELECT CASE contype WHEN 'f' THEN 'foreign key ' || attname || ' to ' || confrelid::regclass || ', on delete '
        || CASE confdeltype WHEN 'c' THEN 'cascade' WHEN 'a' THEN 'no action' ELSE confdeltype::text END
        ELSE 'check of ' || attname END
    FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE conrelid = '{table}'::regclass AND contype NOT IN ('p', 'u', 'n') ORDER BY contype DESC, conname";

const SERVER_TABLE: &str = "
    SELECT CONCAT(table_name, ' ', table_collation, ' ', engine) FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = '{table}'";

const SERVER_COLUMNS: &str = "
    SELECT CONCAT(column_name, ' ', column_type, COALESCE(CONCAT(' ', collation_name), ''),
        IF(is_nullable = 'NO', ' not null', ''),
        IF(column_default IS NULL OR column_default = 'NULL', '', CONCAT(' default ', \
        column_default)),
        IF(extra = '', '', CONCAT(' ', extra)))
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position";

const SERVER_INDEXES: &str = "
    SELECT CONCAT(IF(MIN(non_unique) = 0, 'unique ', ''), 'index ', index_name, ' (',
        GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), ')')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{table}'
    GROUP BY index_name ORDER BY LOWER(index_name) = 'primary' DESC, index_name";

const MARIADB_CHECKS: &str = "
    SELECT CONCAT('foreign key ', k.column_name, ' to ', k.referenced_table_name, ', on delete ', \
    LOWER(r.delete_rule))
    FROM information_schema.key_column_usage AS k JOIN information_schema.referential_constraints \
    AS r USING (constraint_schema, constraint_name, table_name)
    WHERE k.table_schema = DATABASE() AND table_name = '{table}'
    UNION ALL
    SELECT CONCAT(constraint_name,
        IF(check_clause LIKE 'json_valid(%)', ' is checked to be JSON', CONCAT(': ', check_clause)))
    FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE() AND table_name = '{table}'";

const MYSQL_CHECKS: &str = "
    SELECT CONCAT('foreign key ', k.column_name, ' to ', k.referenced_table_name, ', on delete ', \
    LOWER(r.delete_rule))
    FROM information_schema.key_column_usage AS k JOIN information_schema.referential_constraints \
    AS r USING (constraint_schema, constraint_name, table_name)
    WHERE k.table_schema = DATABASE() AND table_name = '{table}'
    UNION ALL
    SELECT constraint_name FROM information_schema.table_constraints
    WHERE table_schema = DATABASE() AND table_name = '{table}' AND constraint_type = 'CHECK'";
