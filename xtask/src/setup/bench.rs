//! The dependencies of the benchmark except the servers: the packages of
//! `bench/python/requirements.txt` and `bench/node/package-lock.json`, and the code that Prisma
//! generates from the schemas in `bench/node/prisma`.

use std::path::Path;

use xshell::cmd;

use super::node_packages::{NodePackages, npm, require};
use super::report;
use super::system::System;
use super::venv::Venv;
use crate::failure::{Failure, Result};
use crate::files::{copy_folder, glob, matching};
use crate::process::Run;
use crate::project::Project;

/// The oldest Python 3 on which the competitors run.
const OLDEST: u32 = 10;

/// Returns the environment of the competitors in Python, and of the plots.
pub(crate) fn venv(project: &Project) -> Result<Venv> {
    Venv::new(project, "bench/python-", "bench/python/requirements.txt", &[])
}

/// Returns the packages of the competitors in Node.
pub(crate) fn node_packages(project: &Project) -> Result<NodePackages> {
    let schemas = matching("bench/node/prisma", "*.prisma");
    NodePackages::new(project, "bench/node-", "bench/node", &schemas)
}

/// Installs the dependencies.
pub(super) fn install(system: &System<'_>) -> Result {
    let project = system.project;
    require(system)?;
    compilers(system)?;
    optional(system)?;
    let message = "fetching Python packages for the benchmark, once";
    venv(project)?.install(system, OLDEST, message, &[])?;
    let packages = node_packages(project)?;
    let message = "fetching Node packages for the benchmark, once (minutes if one is compiled)";
    packages.install(project, message, || {
        copy_folder(Path::new("bench/node/prisma"), &packages.path().join("prisma"))?;
        let npm = npm();
        // The only install script that is needed. Those of Prisma would download an engine.
        cmd!(project.sh, "{npm} rebuild better-sqlite3").quietly()?;
        prisma_clients(project, packages.path())
    })
}

/// Installs the programs that compile better-sqlite3 if there is no prebuilt binary.
fn compilers(system: &System<'_>) -> Result {
    let programs = [("make", "make"), ("c++", "g++")];
    let missing = programs.iter().filter(|(program, _)| !system.project.has(program));
    system.require(&missing.map(|(_, package)| *package).collect::<Vec<_>>())
}

/// Installs Valgrind and pgloader if possible. Without them no instructions are counted, and a log
/// is copied only by chatkeep; the results note this.
fn optional(system: &System<'_>) -> Result {
    let mut missing = vec!["valgrind", "pgloader"];
    missing.retain(|program| !system.project.has(program));
    let names = missing.join(" ");
    if missing.is_empty() {
        return Ok(());
    }
    if !system.can_install() {
        report(format_args!(
            "results that need these packages (Debian's names) will be missing: {names}"
        ));
        return Ok(());
    }
    report(format_args!("installing {names}"));
    for name in missing {
        if let Err(failure) = system.install(&[name]) {
            crate::interrupt::check()?;
            failure.print();
            report(format_args!("continuing without {name}"));
        }
    }
    Ok(())
}

/// Generates the clients next to the copies of the schemas, and compiles them.
fn prisma_clients(project: &Project, folder: &Path) -> Result {
    let sh = &project.sh;
    // `generate` requires a schema engine, which it does not run; only migrations would. Any
    // program prevents a download.
    let unused = ["/usr/bin/true", "/bin/true"].into_iter().find(|path| Path::new(path).exists());
    let unused = unused.ok_or_else(|| Failure::new("setup: the program `true` is missing"))?;
    let bin = folder.join("node_modules/.bin");
    let (prisma, tsc) = (bin.join("prisma"), bin.join("tsc"));
    for schema in matching(folder.join("prisma"), "*.prisma") {
        cmd!(sh, "{prisma} generate --no-hints --schema {schema}")
            .env("CHECKPOINT_DISABLE", "1")
            .env("PRISMA_SCHEMA_ENGINE_BINARY", unused)
            .quietly()?;
    }
    let clients = glob(&format!("{}/prisma/*/client.mts", folder.display()));
    cmd!(sh, "{tsc} --noCheck --module nodenext --target es2022 {clients...}").quietly()
}
