//! A MySQL server, in the cache folder. Only the unstable suite of Debian has one. It runs with the
//! libraries and the loader that it was built for.

use std::fs;

use xshell::cmd;

use super::debian::{Suite, libraries, loader, succeeded};
use super::report;
use super::system::is_root;
use crate::failure::{Context, Result};
use crate::interrupt;
use crate::process::Run;
use crate::project::Project;

/// Unpacks the server unless it is present.
///
/// Only MySQL may be missing. Then the reason is stored in the file `absent`, and the test run
/// reports it.
pub(super) fn install(project: &Project) -> Result {
    let folder = project.cache.join("mysql");
    if folder.join("root/usr/sbin/mysqld").exists() {
        return Ok(());
    }
    project.sh.create_dir(&folder)?;
    let absent = folder.join("absent");
    project.sh.remove_path(&absent)?;
    if let Err(failure) = unpack(project) {
        interrupt::check()?;
        project.sh.write_file(&absent, format!("{failure}\n"))?;
        report(format_args!("continuing without MySQL: {failure}"));
    }
    Ok(())
}

fn unpack(project: &Project) -> Result {
    let folder = project.cache.join("mysql");
    let suite = Suite::new(project, &folder, "sid")?;
    report("fetching MySQL for the tests");
    let mut update = suite.update()?;
    if !update.succeeded() {
        if is_root() && update.text.contains("NO_PUBKEY") {
            update_keyring(project)?;
        }
        update = suite.update()?;
    }
    succeeded("fetching the package list failed", &update)?;
    let unpacked = suite.unpack("mysql-server-core")?;
    let loader = loader(&unpacked)?;
    let libraries = unpacked.join("usr/lib").join(libraries(&unpacked)?);
    let mysqld = unpacked.join("usr/sbin/mysqld");
    let version = cmd!(project.sh, "{loader} --library-path {libraries} {mysqld}")
        .args(["--no-defaults", "--version"])
        .outcome()?;
    succeeded("the server does not run", &version)?;
    let root = folder.join("root");
    project.sh.remove_path(&root)?;
    fs::rename(&unpacked, &root).context(root.display())
}

/// Updates the keyring. Older releases receive a new signing key this way.
fn update_keyring(project: &Project) -> Result {
    for arguments in ["update", "install --only-upgrade debian-archive-keyring"] {
        let arguments = arguments.split(' ');
        // The next update of the package list reports a failure.
        cmd!(project.sh, "apt-get -q -y {arguments...}").succeeds()?;
    }
    Ok(())
}
