//! Node packages of a lock file, in the cache folder.

use std::path::{Path, PathBuf};

use xshell::cmd;

use super::folders::PinnedFolder;
use super::report;
use super::system::System;
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;

/// The folder of the packages of a lock file.
pub(crate) struct NodePackages {
    folder: PinnedFolder,
    sources: Vec<PathBuf>,
}

impl NodePackages {
    /// Selects the folder for the package list in `source`. Changes of the files `others` select
    /// another folder, too.
    pub(super) fn new(
        project: &Project,
        prefix: &str,
        source: &str,
        others: &[PathBuf],
    ) -> Result<Self> {
        let lock = Path::new(source).join("package-lock.json");
        let lists: Vec<PathBuf> =
            [lock.clone()].into_iter().chain(others.iter().cloned()).collect();
        let folder = PinnedFolder::new(project, prefix, &lists)?;
        Ok(Self { folder, sources: vec![Path::new(source).join("package.json"), lock] })
    }

    /// Returns the folder that contains `node_modules`.
    pub(crate) fn path(&self) -> &Path {
        &self.folder.path
    }

    /// Returns the path of a program of the packages.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.path().join("node_modules/.bin").join(name)
    }

    /// Fetches the packages unless they are present, reports it as `message`, and runs `finish` in
    /// the folder. Install scripts are not run.
    pub(super) fn install(
        &self,
        project: &Project,
        message: &str,
        finish: impl FnOnce() -> Result,
    ) -> Result {
        self.folder.fill(|| {
            report(message);
            let sh = &project.sh;
            sh.create_dir(self.path())?;
            for source in &self.sources {
                sh.copy_file(source, self.path())?;
            }
            let _folder = sh.push_dir(self.path());
            let npm = npm();
            cmd!(sh, "{npm} ci --ignore-scripts --no-audit --no-fund").quietly()?;
            finish()
        })
    }
}

/// Installs Node and npm if they are missing.
pub(super) fn require(system: &System<'_>) -> Result {
    let programs = [("node", "nodejs"), ("npm", "npm")];
    let missing = programs.iter().filter(|(program, _)| !system.project.has(program));
    system.require(&missing.map(|(_, package)| *package).collect::<Vec<_>>())
}

/// Fails if Node is too old.
pub(super) fn check_version(project: &Project) -> Result {
    let sh = &project.sh;
    let version = cmd!(sh, "node --version").text()?;
    let major = version.trim_start_matches('v').split('.').next();
    match major.and_then(|major| major.parse::<u32>().ok()) {
        Some(20..) => Ok(()),
        _ => Err(Failure::new(format!("setup: the tests need Node 20 or later, found {version}"))),
    }
}

/// Returns the name of npm's program.
pub(super) fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}
