//! `cargo xtask versions`: runs the contract suite on the oldest and the newest servers: PostgreSQL
//! 14 and MariaDB 10.11, then PostgreSQL 18 and MariaDB 11.8.

use clap::ValueEnum;

use super::{nextest, testkit};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, OtherEngine, Part};

/// Versions of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Versions {
    /// PostgreSQL 14 and MariaDB 10.11
    Oldest,
    /// PostgreSQL 18 and MariaDB 11.8
    Newest,
}

/// Runs the suite on `versions`, or on both if there are none.
pub(crate) fn run(project: &Project, versions: &[Versions]) -> Result {
    setup::run(project, &[Part::Servers, Part::Nextest, Part::Node])?;
    testkit::build(project)?;
    nextest::compile_workspace(project)?;
    let all = [Versions::Oldest, Versions::Newest];
    for versions in if versions.is_empty() { &all } else { versions } {
        let (postgresql, mariadb) = match versions {
            Versions::Oldest => ("14.23.0-beta.17", "bookworm"),
            Versions::Newest => ("18.4.0-beta.17", "trixie"),
        };
        let postgresql = setup::other_server(project, OtherEngine::Postgresql, postgresql)?;
        let mariadb = setup::other_server(project, OtherEngine::Mariadb, mariadb)?;
        testkit::run(project)
            .args(["--only", "postgresql,mariadb", "--"])
            .args(nextest::RUN)
            .args(["--workspace", "-E", &nextest::contract("postgresql|mariadb")])
            .env("TESTKIT_POSTGRESQL_HOME", postgresql)
            .env("TESTKIT_MARIADB_HOME", mariadb)
            .shown()?;
    }
    Ok(())
}
