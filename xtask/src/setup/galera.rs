//! The programs by which a node of a Galera cluster receives its data from another one
//! (`wsrep_sst_rsync`), in the cache folder. In Debian they are part of the package of the system
//! service, which tests do not need.

use std::fs;

use xshell::cmd;

use super::report;
use super::system::is_root;
use crate::failure::{Context, Failure, Result};
use crate::files::matching;
use crate::process::{Outcome, Run};
use crate::project::Project;

/// Unpacks the programs unless they are present.
pub(super) fn install(project: &Project) -> Result {
    let sh = &project.sh;
    let folder = project.cache.join("galera");
    if project.has("wsrep_sst_rsync") || folder.join("wsrep_sst_rsync").exists() {
        return Ok(());
    }
    if !project.has("apt-get") || !project.has("dpkg-deb") {
        return Err(Failure::new(
            "setup: please install MariaDB's wsrep_sst_rsync (Debian's package is \
             mariadb-server), then try again",
        ));
    }
    report("fetching the programs of a Galera cluster");
    let work = tempfile::Builder::new().prefix("galera.").tempdir_in(&project.cache);
    let work = work.context(project.cache.display())?;
    let _folder = sh.push_dir(work.path());
    let mut outcome = download(project)?;
    if !outcome.succeeded() {
        // The package lists may be outdated.
        if is_root() {
            cmd!(sh, "apt-get -q update").succeeds()?;
        }
        outcome = download(project)?;
    }
    if !outcome.succeeded() {
        eprint!("{}", outcome.text);
        return Err(Failure::new("setup: fetching the package mariadb-server failed"));
    }
    let root = work.path().join("root");
    for package in matching(work.path(), "*.deb") {
        cmd!(sh, "dpkg-deb --extract {package} {root}").quietly()?;
    }
    let programs = work.path().join("programs");
    sh.create_dir(&programs)?;
    for name in ["wsrep_sst_common", "wsrep_sst_rsync"] {
        sh.copy_file(root.join("usr/bin").join(name), &programs)?;
    }
    sh.remove_path(&folder)?;
    fs::rename(&programs, &folder).context(folder.display())
}

fn download(project: &Project) -> Result<Outcome> {
    cmd!(project.sh, "apt-get -q -o APT::Sandbox::User= download mariadb-server").outcome()
}
