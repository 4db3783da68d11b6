//! The catalog of a schema: tables, columns, indexes and other objects, each with a textual
//! definition by which two schemas are compared.

mod mysql;
mod postgresql;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use sha2::{Digest, Sha256};

use super::deadlock;
use crate::connection::{Connection, Session, on_engine};
use crate::error::Result;
use crate::token::hex;

/// Name of the search index. It is created on request and not part of a migration.
const SEARCH_INDEX: &str = "messages_search";

/// Identity of an object: its table (empty if it belongs to none), kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectKey {
    pub(super) table: String,
    pub(super) kind: String,
    pub(super) name: String,
}

/// All objects of a schema and their definitions.
pub(super) type Catalog = BTreeMap<ObjectKey, String>;

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    of_table: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    definition: Option<String>,
}

/// Reads the current schema of the connection.
pub(super) fn read(connection: &mut Connection) -> Result<Catalog> {
    let mut catalog = Catalog::new();
    let queries = match &connection.session {
        Session::Sqlite(_) => sqlite::QUERIES,
        Session::PostgreSql(_) => postgresql::QUERIES,
        Session::MySql(_) if connection.engine() == crate::Engine::MariaDb => {
            mysql::MARIADB_QUERIES
        }
        Session::MySql(_) => mysql::MYSQL_QUERIES,
    };
    for query in queries {
        // A Galera cluster ends reads of the catalog too, for a change of the schema elsewhere.
        for row in deadlock::retry(connection, |connection| rows(connection, query))? {
            let [table, kind, name] =
                [row.of_table, row.kind, row.name].map(Option::unwrap_or_default);
            if table.starts_with(SEARCH_INDEX) || name.starts_with(SEARCH_INDEX) {
                continue;
            }
            catalog.insert(ObjectKey { table, kind, name }, row.definition.unwrap_or_default());
        }
    }
    if matches!(connection.session, Session::Sqlite(_)) {
        sqlite::add_checks(connection, &mut catalog)?;
    }
    Ok(catalog)
}

fn rows(connection: &mut Connection, query: &str) -> Result<Vec<Row>> {
    let rows = on_engine!(connection, c => sql_query(query).load::<Row>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Returns a short hash of all objects that a statement may change, to determine later whether it
/// was run.
///
/// These are the objects whose name, or whose table's name, occurs as a word in the statement;
/// without a statement, all objects.
pub(super) fn fingerprint(connection: &mut Connection, statement: Option<&str>) -> Result<String> {
    let words: Option<BTreeSet<String>> = statement.map(|text| {
        let parts =
            text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$')));
        parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
    });
    let mentions =
        |name: &str| words.as_ref().is_none_or(|words| words.contains(&name.to_lowercase()));
    let mut sum = Sha256::new();
    for (key, definition) in read(connection)? {
        if mentions(&key.table) || mentions(&key.name) {
            let ObjectKey { table, kind, name } = key;
            // Interrupted runs of earlier releases have recorded hashes of this format.
            sum.update(format!(
                "Place {{ table: {table:?}, kind: {kind:?}, name: {name:?} }} {definition}\n"
            ));
        }
    }
    Ok(hex(&sum.finalize())[..16].to_owned())
}
