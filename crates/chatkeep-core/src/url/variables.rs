//! The address from `DB_TYPE`, `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASS`, and the
//! default address.

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

/// The default database.
const DEFAULT_FILE: &str = "db/chatkeep.db";

/// Rejects variables that are not valid Unicode, which would otherwise count as unset.
pub(super) fn check_environment() -> Result<()> {
    match [FIELD, TYPE, HOST, PORT, NAME, USER, PASS].into_iter().find(|name| is_not_unicode(name))
    {
        Some(name) => Err(wrong(name, "is not valid Unicode")),
        None => Ok(()),
    }
}

fn is_not_unicode(name: &str) -> bool {
    matches!(env::var(name), Err(VarError::NotUnicode(_)))
}

/// Returns the database that the `DB_…` variables describe.
pub(super) fn target(lookup: &impl Fn(&str) -> Option<String>) -> Result<Target> {
    let exact = |name| lookup(name).filter(|value| !value.is_empty());
    let trimmed =
        |name| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    if let Some(name) = [NAME, USER, PASS]
        .into_iter()
        .find(|name| exact(name).is_some_and(|value| value.contains('\0')))
    {
        return Err(wrong(name, "contains a NUL character"));
    }

    let Some(kind) = trimmed(TYPE) else {
        return match [HOST, PORT, NAME, USER, PASS].into_iter().find(|name| exact(name).is_some()) {
            Some(PORT) if trimmed(PORT).is_some_and(|port| is_service_link(&port)) => {
                Err(wrong(PORT, SERVICE_LINK))
            }
            Some(set) => Err(wrong(
                TYPE,
                format!(
                    "is not set, but {set} is; set it to sqlite, postgresql, mysql or mariadb, or \
                     set {FIELD} instead"
                ),
            )),
            None => Ok(Target::Sqlite(default_file())),
        };
    };
    let engine = scheme::engine(&kind).ok_or_else(|| {
        let hint = scheme::engine_hint(&kind);
        wrong(
            TYPE,
            format!("has an unknown value{hint}; supported: sqlite, postgresql, mysql, mariadb"),
        )
    })?;
    if engine == Engine::Sqlite {
        return exact(NAME).map_or(Ok(default_file()), file).map(Target::Sqlite);
    }
    let required = |name, meaning| {
        exact(name).ok_or_else(|| {
            wrong(name, format!("is not set; with {TYPE}={engine}, it must be {meaning}"))
        })
    };
    let database = required(NAME, "the database's name")?;
    let user = required(USER, "the user to log in as")?;
    let listed = match trimmed(HOST) {
        Some(list) => {
            reject_url(HOST, &list, "a host's name or address")?;
            hosts::parse_list(&list, engine).map_err(|error| error.with_field(HOST))?
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

/// Message for a `DB_PORT` that Kubernetes has set instead of the user.
const SERVICE_LINK: &str = "is a URL, not a port number; Kubernetes sets it in each container of a \
     namespace that has a Service named db: set enableServiceLinks: false in the pod's spec, \
     rename the Service, or set DATABASE_URL";

/// Returns whether Kubernetes set the port. Like Docker's links, it adds each Service to the
/// environment: `DB_PORT=tcp://10.0.0.7:5432`.
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
    reject_url(NAME, &path, "the path of the SQLite file")?;
    let location = sqlite::file_or_memory(PathBuf::from(path));
    if let SqliteLocation::File(path) = &location {
        sqlite::check_file(path).map_err(|message| wrong(NAME, message))?;
    }
    Ok(SqliteTarget::new(location))
}

/// Rejects a URL where a part of one is expected. As a path, it would create a file with a strange
/// name.
fn reject_url(name: &'static str, value: &str, expected: &str) -> Result<()> {
    if value.contains("://") {
        return Err(wrong(name, format!("must be {expected}, not a URL; set a URL in {FIELD}")));
    }
    Ok(())
}

fn wrong(name: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::configuration(message).with_field(name)
}
