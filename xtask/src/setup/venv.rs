//! Python environments with pinned packages.

use std::path::PathBuf;

use xshell::cmd;

use super::folders::PinnedFolder;
use super::report;
use super::system::System;
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;

/// A Python environment in the cache folder.
pub(crate) struct Venv {
    folder: PinnedFolder,
    requirements: &'static str,
}

impl Venv {
    /// Selects the environment with the packages of `requirements`, which includes the other lists.
    pub(super) fn new(
        project: &Project,
        prefix: &str,
        requirements: &'static str,
        included: &[&str],
    ) -> Result<Self> {
        let lists = [requirements].into_iter().chain(included.iter().copied());
        let lists: Vec<PathBuf> = lists.map(PathBuf::from).collect();
        Ok(Self { folder: PinnedFolder::new(project, prefix, &lists)?, requirements })
    }

    /// Returns the path of a program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.path.join("bin").join(name)
    }

    /// Returns the path of its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// Installs the packages unless they are installed, and reports it as `message`. They need
    /// Python 3.`minor` or later.
    pub(super) fn install(
        &self,
        system: &System<'_>,
        minor: u32,
        message: &str,
        options: &[&str],
    ) -> Result {
        self.folder.fill(|| {
            let sh = &system.project.sh;
            if !cmd!(sh, "python3 -c 'import venv, ensurepip'").succeeds().unwrap_or(false) {
                system.require(&["python3-venv"])?;
            }
            let recent = format!("import sys; sys.exit(sys.version_info < (3, {minor}))");
            if !cmd!(sh, "python3 -c {recent}").succeeds()? {
                let error = format!("setup: Python 3.{minor} or later is required for: {message}");
                return Err(Failure::new(error));
            }
            report(message);
            let (folder, python) = (&self.folder.path, self.python());
            let requirements = self.requirements;
            cmd!(sh, "python3 -m venv {folder}").quietly()?;
            cmd!(sh, "{python} -m pip install --quiet --no-deps --disable-pip-version-check")
                .args(options)
                .args(["-r", requirements])
                .quietly()
        })
    }
}
