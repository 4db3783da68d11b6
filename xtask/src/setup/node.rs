//! The build, test and lint tools of the Node package, from `node/package-lock.json`, and a link to
//! them as `node/node_modules`, where Node and TypeScript search.

use std::fs;
use std::io;
use std::path::Path;

use xshell::cmd;

use super::node_packages::{NodePackages, check_version, npm, require};
use super::system::System;
use crate::failure::{Context, Result};
use crate::process::Run;
use crate::project::Project;

/// Installs the packages and the link.
pub(super) fn install(system: &System<'_>) -> Result {
    let project = system.project;
    require(system)?;
    check_version(project)?;
    let link = Path::new("node/node_modules");
    if is_complete(project, link)? {
        return Ok(());
    }
    let packages = NodePackages::new(project, "node/", "node", &[])?;
    // None of the packages needs an install script.
    packages.install(project, "fetching Node packages for the tests, once", || Ok(()))?;
    let modules = packages.path().join("node_modules");
    if fs::read_link(link).is_ok_and(|target| target == modules) {
        return Ok(());
    }
    remove(link).context(link.display())?;
    symlink(&modules, link).context(link.display())
}

/// Returns whether a contributor created the directory with `npm install`, and it satisfies
/// `package.json`. It is kept then.
fn is_complete(project: &Project, link: &Path) -> Result<bool> {
    if !fs::symlink_metadata(link).is_ok_and(|entry| entry.is_dir()) {
        return Ok(false);
    }
    let npm = npm();
    cmd!(project.sh, "{npm} ls --prefix node").succeeds()
}

fn remove(link: &Path) -> io::Result<()> {
    match fs::symlink_metadata(link) {
        Ok(entry) if entry.is_dir() => fs::remove_dir_all(link),
        // On Windows, a link to a directory is removed like a directory.
        Ok(_) => fs::remove_file(link).or_else(|_| fs::remove_dir(link)),
        Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}
