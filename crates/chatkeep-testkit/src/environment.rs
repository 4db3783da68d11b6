//! The environment variables through which the runner passes the shared servers to tests.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Once;

use crate::Engine;
use crate::failure::{Failure, Result};

/// Folder of the run. Servers started by tests are in it as well, so that the runner removes them
/// too.
pub(crate) const HOME: &str = "CHATKEEP_TEST_HOME";
/// Comma-separated names of the servers that this run is limited to.
pub(crate) const ONLY: &str = "CHATKEEP_TEST_ONLY";

/// Space-separated URLs of all nodes if the MariaDB server is a Galera cluster.
pub(crate) const GALERA_URLS: &str = "CHATKEEP_TEST_GALERA_URLS";

const HOW: &str = "run the tests with `make test`, or with \
                   `cargo run -p chatkeep-testkit -- run --fast -- cargo nextest run`";

/// Returns the name of a variable of an engine, such as `CHATKEEP_TEST_POSTGRESQL_URL`.
pub(crate) fn name(engine: Engine, suffix: &str) -> String {
    format!("CHATKEEP_TEST_{}_{suffix}", engine.name().to_ascii_uppercase())
}

/// Returns whether a variable belongs to the testkit. Variables of an outer run must not leak into
/// an inner one.
pub(crate) fn is_testkit_variable(name: &str) -> bool {
    name.starts_with("CHATKEEP_TEST_")
}

pub(crate) fn read(engine: Engine, suffix: &str) -> Result<String> {
    if engine == Engine::Sqlite {
        return Err(Failure(
            "SQLite has no server: use TestDatabase::create(Engine::Sqlite)".to_owned(),
        ));
    }
    let name = name(engine, suffix);
    set(&name).ok_or_else(|| Failure(format!("{name} is not set: {HOW}")))
}

/// Returns whether tests run on this engine. It is an error if the engine is missing without
/// permission. Outside of the runner and of CI, as with `cargo test -p CRATE`, servers are skipped.
pub(crate) fn presence(engine: Engine) -> Result<bool> {
    if engine == Engine::Sqlite || set(&name(engine, "URL")).is_some() {
        return Ok(true);
    }
    let is_excluded =
        set(ONLY).is_some_and(|only| only.split(',').all(|name| name != engine.name()));
    if is_excluded || set(&name(engine, "ABSENT")).is_some() && engine == Engine::MySql {
        return Ok(false);
    }
    if set(HOME).is_none() && set("CI").is_none() {
        report_skipped();
        return Ok(false);
    }
    Err(Failure(format!(
        "these tests need a {engine} server, but {} is not set: {HOW}",
        name(engine, "URL")
    )))
}

/// Reports once that servers are skipped. The test harness does not capture direct writes, so that
/// the line is visible in a run that succeeds.
fn report_skipped() {
    static REPORTED: Once = Once::new();
    REPORTED.call_once(|| {
        let _ = writeln!(io::stderr(), "chatkeep-testkit: testing SQLite only; for servers, {HOW}");
    });
}

/// Returns the URLs of the nodes if the MariaDB server is a Galera cluster; empty if it is a single
/// server.
pub fn galera_urls() -> Vec<String> {
    set(GALERA_URLS).map(|urls| urls.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

/// Returns the folder of another installation of this server, from a variable such as
/// `TESTKIT_MARIADB_HOME`. Its name does not have the prefix of the testkit's variables, because a
/// run inside another run uses the same installation.
pub(crate) fn installation(engine: Engine) -> Option<PathBuf> {
    set(&format!("TESTKIT_{}_HOME", engine.name().to_ascii_uppercase())).map(PathBuf::from)
}

pub(crate) fn home() -> Option<PathBuf> {
    set(HOME).map(PathBuf::from).filter(|path| path.is_dir())
}

/// Returns the value of a variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
