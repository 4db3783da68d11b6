//! `DB_TYPE` `DB_HOST` `DB_PORT` `DB_NAME` `DB_USER` `DB_PASS`, and what holds when nothing is set.

use std::env::{self, VarError};
use std::path::PathBuf;

use super::target::{Password, ServerTarget, SqliteLocation, SqliteTarget, Target};
use super::{FIELD, hosts, scheme, server, sqlite};
use crate::{Engine, Error, Result};

const TYPE: &str = "DB_TYPE";
const HOST: &str = "DB_HOST";
const PORT: &str = "DB_PORT";
const NAME: &str = "DB_NAME";
const USER: &str = "DB_USER";
const PASS: &str = "DB_PASS";

/// Where everything is kept when nobody says otherwise.
const DEFAULT_FILE: &str = "db/chatkeep.db";

/// Refuses variables that cannot be read, which would otherwise count as unset.
pub(super) fn check_environment() -> Result<()> {
    match [FIELD, TYPE, HOST, PORT, NAME, USER, PASS].into_iter().find(|name| is_garbled(name)) {
        Some(name) => Err(wrong(name, "is not valid Unicode")),
        None => Ok(()),
    }
}

fn is_garbled(name: &str) -> bool {
    matches!(env::var(name), Err(VarError::NotUnicode(_)))
}

/// The database that the `DB_…` variables name.
pub(super) fn target(lookup: &impl Fn(&str) -> Option<String>) -> Result<Target> {
    let exact = |name| lookup(name).filter(|value| !value.is_empty());
    let trimmed =
        |name| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    if let Some(name) = [NAME, USER, PASS]
        .into_iter()
        .find(|name| exact(name).is_some_and(|value| value.contains('\0')))
    {
        return Err(wrong(name, "holds a NUL character"));
    }

    let Some(kind) = trimmed(TYPE) else {
        return match [HOST, PORT, NAME, USER, PASS].into_iter().find(|name| exact(name).is_some()) {
            Some(PORT) if trimmed(PORT).is_some_and(|port| is_service_link(&port)) => {
                Err(wrong(PORT, SERVICE_LINK))
            }
            Some(set) => Err(wrong(
                TYPE,
                format!(
                    "is not set, but {set} is; set it to sqlite, postgresql, mysql or mariadb, or set {FIELD} instead"
                ),
            )),
            None => Ok(Target::Sqlite(default_file())),
        };
    };
    let engine = scheme::engine(&kind).ok_or_else(|| {
        let hint = scheme::engine_hint(&kind);
        wrong(
            TYPE,
            format!(
                "has a value that is not known{hint}; known are sqlite, postgresql, mysql, mariadb"
            ),
        )
    })?;
    if engine == Engine::Sqlite {
        return exact(NAME).map_or(Ok(default_file()), file).map(Target::Sqlite);
    }
    let required = |name, what| {
        exact(name)
            .ok_or_else(|| wrong(name, format!("is not set; with {TYPE}={engine} it is {what}")))
    };
    let database = required(NAME, "the database's name")?;
    let user = required(USER, "the user to log in as")?;
    let listed = match trimmed(HOST) {
        Some(list) => {
            no_url(HOST, &list, "a host's name or address")?;
            hosts::alone(&list, engine).map_err(|error| error.with_field(HOST))?
        }
        None => Vec::new(),
    };
    let port = trimmed(PORT);
    if port.as_deref().is_some_and(is_service_link) {
        return Err(wrong(PORT, SERVICE_LINK));
    }
    let hosts = hosts::with_ports(listed, port.as_deref(), engine)
        .map_err(|error| error.with_field(PORT))?;
    Ok(Target::Server(ServerTarget {
        user: Some(user),
        password: exact(PASS).map(Password::new),
        database: Some(database),
        ..server::defaults(engine, hosts)
    }))
}

/// Where `DB_PORT` has such a value, the user did not set it.
const SERVICE_LINK: &str = "is a URL, not a port number; Kubernetes sets it in each container of a namespace that has a \
     Service named db: write enableServiceLinks: false in the pod's spec, rename the Service, or set DATABASE_URL";

/// Kubernetes writes each Service into the environment, as Docker's links did: `DB_PORT=tcp://10.0.0.7:5432`.
fn is_service_link(port: &str) -> bool {
    port.starts_with("tcp://") || port.starts_with("udp://")
}

fn default_file() -> SqliteTarget {
    SqliteTarget {
        make_folder: true,
        ..SqliteTarget::new(SqliteLocation::File(PathBuf::from(DEFAULT_FILE)))
    }
}

fn file(path: String) -> Result<SqliteTarget> {
    no_url(NAME, &path, "the path of the SQLite file")?;
    let location = sqlite::location(PathBuf::from(path));
    if let SqliteLocation::File(path) = &location {
        sqlite::check_file(path).map_err(|message| wrong(NAME, message))?;
    }
    Ok(SqliteTarget::new(location))
}

/// Refuses a URL in the place of one of its parts: as a path, it would become a file with a strange name.
fn no_url(name: &'static str, value: &str, what: &str) -> Result<()> {
    if value.contains("://") {
        return Err(wrong(name, format!("is {what}, not a URL; a URL goes into {FIELD}")));
    }
    Ok(())
}

fn wrong(name: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::configuration(message).with_field(name)
}
