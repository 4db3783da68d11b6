//! The variables by which the runner tells tests where the shared servers are.

use std::env;
use std::path::PathBuf;

use crate::Engine;
use crate::failure::{Failure, Result};

/// Folder of the run: servers that tests start themselves live in it, so that the runner removes them too.
pub(crate) const HOME: &str = "CHATKEEP_TEST_HOME";
/// Comma-separated names of the servers that this run is limited to.
pub(crate) const ONLY: &str = "CHATKEEP_TEST_ONLY";

/// URLs of all nodes when the MariaDB server is a Galera cluster, separated by spaces.
pub(crate) const GALERA_URLS: &str = "CHATKEEP_TEST_GALERA_URLS";

const HOW: &str = "run the tests with `make test`, or with \
                   `cargo run -p chatkeep-testkit -- run --fast -- cargo nextest run`";

/// `CHATKEEP_TEST_POSTGRESQL_URL` and its like.
pub(crate) fn name(engine: Engine, what: &str) -> String {
    format!("CHATKEEP_TEST_{}_{what}", engine.name().to_ascii_uppercase())
}

/// Whether a variable is one of the kit's own: those of an outer run must not leak into an inner one.
pub(crate) fn is_ours(name: &str) -> bool {
    name.starts_with("CHATKEEP_TEST_")
}

pub(crate) fn read(engine: Engine, what: &str) -> Result<String> {
    if engine == Engine::Sqlite {
        return Err(Failure(
            "SQLite has no server: use TestDatabase::create(Engine::Sqlite)".to_owned(),
        ));
    }
    let name = name(engine, what);
    set(&name).ok_or_else(|| Failure(format!("{name} is not set: {HOW}")))
}

/// Whether tests run on this engine: an error when it is missing and nothing says that it may be.
pub(crate) fn presence(engine: Engine) -> Result<bool> {
    if engine == Engine::Sqlite || set(&name(engine, "URL")).is_some() {
        return Ok(true);
    }
    let left_out = set(ONLY).is_some_and(|only| only.split(',').all(|name| name != engine.name()));
    if left_out || set(&name(engine, "ABSENT")).is_some() && engine == Engine::MySql {
        return Ok(false);
    }
    Err(Failure(format!(
        "these tests need a {engine} server, and {} is not set: {HOW}",
        name(engine, "URL")
    )))
}

/// The URLs of the Galera cluster that the MariaDB server is; none when it is a single server.
pub(crate) fn galera_urls() -> Vec<String> {
    set(GALERA_URLS).map(|urls| urls.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

/// Folder of another installation of this server, from `TESTKIT_MARIADB_HOME` and its like. It is not one of the runner's
/// own variables: a run inside another run uses the same servers.
pub(crate) fn installation(engine: Engine) -> Option<PathBuf> {
    set(&format!("TESTKIT_{}_HOME", engine.name().to_ascii_uppercase())).map(PathBuf::from)
}

pub(crate) fn home() -> Option<PathBuf> {
    set(HOME).map(PathBuf::from).filter(|path| path.is_dir())
}

/// A variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
