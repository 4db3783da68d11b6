//! PostgreSQL, MariaDB and the programs that tests run beside them, from Debian.

use super::system::System;
use crate::failure::{Failure, Result};
use crate::files::glob;
use crate::project::Project;

/// Programs, and the packages that contain them.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("cc", &["gcc", "libc6-dev"]),
    ("setpriv", &["util-linux"]),
    ("find", &["findutils"]),
    ("sqlite3", &["sqlite3"]),
    ("pgbouncer", &["pgbouncer"]),
    // Used by a node of a Galera cluster to receive its data from another one.
    ("rsync", &["rsync"]),
];

/// Installs missing packages.
pub(super) fn install(system: &System<'_>) -> Result {
    let project = system.project;
    let programs = PROGRAMS.iter().filter(|(program, _)| !project.has(program));
    let mut missing: Vec<&str> = programs.flat_map(|(_, packages)| *packages).copied().collect();
    if !has_postgresql(project) {
        missing.push("postgresql");
    }
    if !has_mariadb(project) {
        // The server without the system service; older systems have both in one package.
        if !system.can_install() || system.offers("mariadb-server-core")? {
            missing.extend(["mariadb-server-core", "mariadb-client-core"]);
        } else {
            missing.push("mariadb-server");
        }
    }
    if !has_galera() {
        missing.push("galera-4");
    }
    if !project.has("ss") && !project.has("lsof") {
        missing.push("iproute2");
    }
    system.require(&missing)?;
    let names = [
        ("PostgreSQL", has_postgresql(project)),
        ("MariaDB", has_mariadb(project)),
        ("Galera", has_galera()),
        ("a C compiler", project.has("cc")),
    ];
    match names.iter().find(|(_, installed)| !installed) {
        Some((name, _)) => Err(Failure::new(format!("setup: {name} is still missing"))),
        None => Ok(()),
    }
}

fn has_postgresql(project: &Project) -> bool {
    project.has("initdb") || !glob("/usr/lib/postgresql/*/bin/initdb").is_empty()
}

fn has_mariadb(project: &Project) -> bool {
    ["mariadbd", "mariadb-install-db", "my_print_defaults"].iter().all(|name| project.has(name))
}

fn has_galera() -> bool {
    !glob("/usr/lib*/galera*/libgalera_smm.so").is_empty()
}
