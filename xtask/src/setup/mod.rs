//! `cargo xtask setup`: installs missing dependencies for building, testing and checking. Prints
//! nothing if none is missing.

use clap::ValueEnum;

use crate::failure::Result;
use crate::project::Project;

mod bench;
mod cargo_tools;
mod debian;
mod docs;
mod folders;
mod frameworks;
mod galera;
mod go;
mod lint;
mod lock;
mod mysql;
mod node;
mod node_packages;
mod other_server;
mod python;
mod servers;
mod system;
mod venv;

pub(crate) use bench::{node_packages as bench_node_packages, venv as bench_venv};
pub(crate) use docs::{node_packages as docs_node_packages, venv as docs_venv};
pub(crate) use frameworks::{
    node_packages as frameworks_node_packages, sources as frameworks_sources,
    venv as frameworks_venv,
};
pub(crate) use lint::venv as lint_venv;
pub(crate) use other_server::{OtherEngine, folder as other_server};
pub(crate) use python::venv as python_venv;

use system::System;

/// A group of dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// PostgreSQL, MariaDB, PgBouncer and a C compiler, from Debian
    Servers,
    /// The programs by which a node of a Galera cluster receives its data
    Galera,
    /// A MySQL server, in the cache folder
    Mysql,
    /// cargo-nextest
    Nextest,
    /// cargo-deny
    Deny,
    /// ShellCheck and typos
    Lint,
    /// Python packages for tests
    Python,
    /// Node packages for tests
    Node,
    /// Go and a C compiler, from Debian
    Go,
    /// mdBook, Sphinx, TypeDoc and linkinator
    Docs,
    /// The competitors of the benchmark
    Bench,
    /// The frameworks of which `cargo xtask frameworks` runs the tests
    Frameworks,
    /// cargo-fuzz
    Fuzz,
}

/// The parts for `make test` and `make check`.
const DEFAULT: &[Part] = &[
    Part::Servers,
    Part::Galera,
    Part::Mysql,
    Part::Nextest,
    Part::Deny,
    Part::Lint,
    Part::Python,
    Part::Node,
    Part::Go,
];

/// Installs `parts`, or the default ones if there are none.
///
/// # Errors
///
/// Fails if it is unable to install a missing part. Only MySQL may be missing.
pub(crate) fn run(project: &Project, parts: &[Part]) -> Result {
    let _lock = lock::acquire(project)?;
    let system = System::new(project);
    for part in if parts.is_empty() { DEFAULT } else { parts } {
        match part {
            Part::Servers => servers::install(&system)?,
            Part::Galera => galera::install(project)?,
            Part::Mysql => mysql::install(project)?,
            Part::Nextest => cargo_tools::nextest(project)?,
            Part::Deny => cargo_tools::deny(project)?,
            Part::Lint => lint::install(&system)?,
            Part::Python => python::install(&system)?,
            Part::Node => node::install(&system)?,
            Part::Go => go::install(&system)?,
            Part::Docs => docs::install(&system)?,
            Part::Bench => bench::install(&system)?,
            Part::Frameworks => frameworks::install(&system)?,
            Part::Fuzz => cargo_tools::fuzz(project)?,
        }
    }
    Ok(())
}

/// Reports progress. Standard output is for results.
fn report(message: impl std::fmt::Display) {
    eprintln!("setup: {message}");
}
