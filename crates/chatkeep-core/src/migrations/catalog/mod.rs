//! What there is in a schema, as the database itself tells: tables, columns, indexes, and the rest, each in words that two
//! schemas can be compared by.

mod mysql;
mod postgresql;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use sha2::{Digest, Sha256};

use crate::connection::{Connection, Session, on_engine};
use crate::error::Result;
use crate::token::hex;

/// The search index is made on request, and is no part of any migration.
const SEARCH_INDEX: &str = "messages_search";

/// Where one thing is: its table (empty where it belongs to none), what it is, its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) table: String,
    pub(super) kind: String,
    pub(super) name: String,
}

/// Everything in a schema, with what it is like.
pub(super) type Catalog = BTreeMap<Place, String>;

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    of_table: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    definition: Option<String>,
}

/// Everything in the schema that the connection works in.
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
        for line in lines(connection, query)? {
            let [table, kind, name] =
                [line.of_table, line.kind, line.name].map(Option::unwrap_or_default);
            if table.starts_with(SEARCH_INDEX) || name.starts_with(SEARCH_INDEX) {
                continue;
            }
            catalog.insert(Place { table, kind, name }, line.definition.unwrap_or_default());
        }
    }
    if matches!(connection.session, Session::Sqlite(_)) {
        sqlite::add_checks(connection, &mut catalog)?;
    }
    Ok(catalog)
}

fn lines(connection: &mut Connection, query: &str) -> Result<Vec<Line>> {
    let rows = on_engine!(connection, c => sql_query(query).load::<Line>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// A short sum of all that a statement's text may speak of, to tell later whether the statement was run: of everything
/// whose own name, or whose table's, is a word of it. Without a text, of everything.
pub(super) fn fingerprint(connection: &mut Connection, statement: Option<&str>) -> Result<String> {
    let words: Option<BTreeSet<String>> = statement.map(|text| {
        let parts =
            text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$')));
        parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
    });
    let speaks_of =
        |name: &str| words.as_ref().is_none_or(|words| words.contains(&name.to_lowercase()));
    let mut sum = Sha256::new();
    for (place, definition) in read(connection)? {
        if speaks_of(&place.table) || speaks_of(&place.name) {
            sum.update(format!("{place:?} {definition}\n"));
        }
    }
    Ok(hex(&sum.finalize())[..16].to_owned())
}
