//! The part before `://`: the engine, and SQLAlchemy's driver names, which are ignored.

use super::suggest::{hint, nearest};
use super::wrong;
use crate::{Engine, Error, Result};

/// A scheme, its engine, and the driver names that may follow after a `+`.
struct Scheme {
    name: &'static str,
    engine: Engine,
    drivers: &'static [&'static str],
}

const SQLITE_DRIVERS: &[&str] = &["pysqlite", "aiosqlite"];
const POSTGRESQL_DRIVERS: &[&str] = &["asyncpg", "psycopg", "psycopg2", "psycopg_async", "pg8000"];
const MYSQL_DRIVERS: &[&str] =
    &["pymysql", "aiomysql", "asyncmy", "mysqldb", "mysqlconnector", "mariadbconnector"];

const SCHEMES: &[Scheme] = &[
    Scheme { name: "sqlite", engine: Engine::Sqlite, drivers: SQLITE_DRIVERS },
    Scheme { name: "sqlite3", engine: Engine::Sqlite, drivers: &[] },
    Scheme { name: "postgresql", engine: Engine::PostgreSql, drivers: POSTGRESQL_DRIVERS },
    Scheme { name: "postgres", engine: Engine::PostgreSql, drivers: POSTGRESQL_DRIVERS },
    Scheme { name: "mysql", engine: Engine::MySql, drivers: MYSQL_DRIVERS },
    Scheme { name: "mariadb", engine: Engine::MariaDb, drivers: MYSQL_DRIVERS },
];

/// Other programs' names for the schemes that are too different to be found by edit distance.
const ALIASES: &[(&str, &str)] =
    &[("pg", "postgresql"), ("pgsql", "postgresql"), ("psql", "postgresql"), ("file", "sqlite")];

const SQLITE_FORM: &str = "a SQLite file is written as sqlite:///path/to/file.db, or as \
     sqlite:////path/to/file.db for an absolute path";

/// Returns the engine with this name, without a driver, in any case.
pub(super) fn engine(name: &str) -> Option<Engine> {
    SCHEMES.iter().find(|scheme| scheme.name.eq_ignore_ascii_case(name)).map(|scheme| scheme.engine)
}

/// Returns ` (did you mean …?)` for the engine with the most similar name, or an empty string.
pub(super) fn engine_hint(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match ALIASES.iter().find(|(alias, _)| *alias == name) {
        Some((_, scheme)) => format!(" (did you mean {scheme}?)"),
        None => hint(&name, SCHEMES.iter().map(|scheme| scheme.name)),
    }
}

/// Splits a URL into its engine and the part after `://`.
pub(super) fn split(text: &str) -> Result<(Engine, &str)> {
    // The form that sqlx uses.
    if text.eq_ignore_ascii_case("sqlite::memory:") {
        return Ok((Engine::Sqlite, ""));
    }
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme))
    else {
        return Err(no_scheme(text));
    };
    let (name, driver) = match scheme.split_once('+') {
        Some((name, driver)) => (name, Some(driver)),
        None => (scheme, None),
    };
    let Some(known) = SCHEMES.iter().find(|known| known.name.eq_ignore_ascii_case(name)) else {
        return Err(wrong(format!(
            "unknown scheme {name}{}; supported: {}",
            engine_hint(name),
            SCHEMES.iter().map(|known| known.name).collect::<Vec<_>>().join(", "),
        )));
    };
    match driver {
        Some(driver) if !known.drivers.iter().any(|known| known.eq_ignore_ascii_case(driver)) => {
            Err(unknown_driver(known, driver))
        }
        _ => Ok((known.engine, rest)),
    }
}

/// Returns whether the text can be a scheme. Errors show schemes, and must not show a part of a
/// password.
fn is_scheme(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '.'))
}

fn unknown_driver(scheme: &Scheme, driver: &str) -> Error {
    let name = scheme.name;
    if scheme.drivers.is_empty() {
        return wrong(format!("{name}:// does not accept a driver; write {name}:// only"));
    }
    let hint = match nearest(driver, scheme.drivers.iter().copied()) {
        Some(nearest) => format!(" (did you mean {name}+{nearest}?)"),
        None => format!("; write {name}:// only"),
    };
    wrong(format!("unknown driver after {name}+{hint}; supported: {}", scheme.drivers.join(", ")))
}

/// Returns the error for a text without a scheme. The text is not shown, because it may contain a
/// password.
fn no_scheme(text: &str) -> Error {
    if text.starts_with(['"', '\'', '`']) {
        return wrong(
            "starts with a quotation mark; write the URL without quotation marks around it",
        );
    }
    let start = text.get(..5).unwrap_or_default();
    if start.eq_ignore_ascii_case("jdbc:") {
        return wrong(
            "is a JDBC URL; write it without jdbc:, as in postgresql://user:password@host/name",
        );
    }
    if start.eq_ignore_ascii_case("file:") {
        return wrong(format!("is a file: URI; {SQLITE_FORM}"));
    }
    let before = text.split(':').next().unwrap_or_default();
    if let Some(known) = SCHEMES.iter().find(|known| known.name.eq_ignore_ascii_case(before)) {
        let name = known.name;
        return match known.engine {
            Engine::Sqlite => wrong(format!("has no // after {name}:; {SQLITE_FORM}")),
            _ => wrong(format!("has no // after {name}:; write {name}://user:password@host/name")),
        };
    }
    wrong(format!("has no scheme, such as postgresql://, mysql:// or sqlite:///; {SQLITE_FORM}"))
}
