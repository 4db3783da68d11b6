//! Catalog queries for SQLite. Pragmas return everything but the checks, which are parsed from the
//! text of `CREATE TABLE`.

use super::{Catalog, ObjectKey, rows};
use crate::connection::Connection;
use crate::error::Result;

const TABLES: &str = "
    SELECT l.name AS of_table, 'table' AS kind, '' AS name,
        trim(iif(wr, 'without rowid ', '') || iif(strict, 'strict ', '')
            || iif(s.sql LIKE '%AUTOINCREMENT%', 'autoincrement', '')) AS definition
    FROM pragma_table_list AS l JOIN sqlite_schema AS s ON s.name = l.name AND s.type = 'table'
    WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const COLUMNS: &str = "
    SELECT s.name AS of_table, 'column' AS kind, c.name AS name,
        lower(c.type) || iif(c.\"notnull\", ' not null', '') || iif(c.pk, ' key ' || c.pk, '')
            || iif(c.dflt_value IS NULL, '', ' default ' || c.dflt_value)
            || iif(c.hidden > 1, ' generated', '') AS definition
    FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS c
    WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const INDEXES: &str = "
    SELECT s.name AS of_table, iif(i.origin = 'c', 'index', 'constraint') AS kind,
        iif(i.origin = 'c', i.name, (SELECT group_concat(name, '_')
            FROM pragma_index_info(i.name))) AS name,
        iif(i.\"unique\", 'unique ', '') || '(' ||
            (SELECT group_concat(coalesce(name, 'an expression') || iif(\"desc\", ' desc', '')
                || iif(coll = 'BINARY', '', ' collate ' || coll), ', ')
             FROM (SELECT * FROM pragma_index_xinfo(i.name) WHERE key ORDER BY seqno)) || ')'
            || iif(i.partial OR EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name) WHERE key
                AND cid = -2),
                ' as in ' || (SELECT sql FROM sqlite_schema WHERE name = i.name), '') AS definition
    FROM sqlite_schema AS s, pragma_index_list(s.name) AS i
    WHERE s.type = 'table' AND i.origin <> 'pk' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const FOREIGN_KEYS: &str = "
    SELECT s.name AS of_table, 'foreign key' AS kind, group_concat(f.\"from\", ', ') AS name,
        'to ' || f.\"table\" || ' (' || coalesce(group_concat(f.\"to\", ', '), 'its key')
            || ') on update '
            || f.on_update || ' on delete ' || f.on_delete AS definition
    FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f
    WHERE s.type = 'table' GROUP BY s.name, f.id";

const PROGRAMS: &str = "
    SELECT iif(type = 'trigger', tbl_name, '') AS of_table, type AS kind, name, sql AS definition
    FROM sqlite_schema WHERE type IN ('trigger', 'view')";

pub(super) const QUERIES: &[&str] = &[TABLES, COLUMNS, INDEXES, FOREIGN_KEYS, PROGRAMS];

const TEXTS: &str = "
    SELECT name AS of_table, 'check' AS kind, '' AS name, sql AS definition FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Adds the checks of each table. Their text serves as their name, because most are unnamed.
pub(super) fn add_checks(connection: &mut Connection, catalog: &mut Catalog) -> Result<()> {
    for row in rows(connection, TEXTS)? {
        let table = row.of_table.unwrap_or_default();
        if table.starts_with(super::SEARCH_INDEX) {
            continue;
        }
        for check in checks(&row.definition.unwrap_or_default()) {
            catalog.insert(
                ObjectKey { table: table.clone(), kind: "check".to_owned(), name: check },
                String::new(),
            );
        }
    }
    for definition in catalog.values_mut() {
        *definition = definition.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    Ok(())
}

/// Returns the condition of each `CHECK`, without its parentheses.
fn checks(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lower = sql.to_ascii_lowercase();
    let mut at = 0;
    while let Some(offset) = lower[at..].find("check") {
        let after = at + offset + "check".len();
        let is_word = !lower[..at + offset]
            .ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        at = after;
        let Some(open) = sql[after..].find(|letter: char| !letter.is_whitespace()) else { break };
        if !is_word || !sql[after + open..].starts_with('(') {
            continue;
        }
        let mut depth = 0_usize;
        let inside = &sql[after + open..];
        let end = inside.char_indices().find(|(_, letter)| {
            depth = match letter {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        let Some((end, _)) = end else { break };
        found.push(inside[1..end].split_whitespace().collect::<Vec<_>>().join(" "));
        at = after + open + end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_parsed_from_the_text_of_a_table() {
        let sql = "CREATE TABLE t (checked INT, a INT CHECK (a IS NULL OR  length(a) > 1), \
                   CONSTRAINT b CHECK(a<(2)))";
        assert_eq!(checks(sql), ["a IS NULL OR length(a) > 1", "a<(2)"]);
        assert_eq!(checks("CREATE TABLE t (a INT CHECK"), <[String; 0]>::default());
    }
}
