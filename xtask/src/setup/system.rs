//! Debian packages that are installed into this system.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use xshell::cmd;

use super::report;
use crate::failure::{Context, Failure, Result};
use crate::process::Run;
use crate::project::Project;

/// Rejects the start of every system service; see the manual page of `invoke-rc.d`.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// This system and its package manager.
pub(super) struct System<'a> {
    pub(super) project: &'a Project,
    updated: Cell<bool>,
}

impl<'a> System<'a> {
    pub(super) fn new(project: &'a Project) -> Self {
        Self { project, updated: Cell::new(false) }
    }

    /// Returns whether packages can be installed: as root, on Debian.
    pub(super) fn can_install(&self) -> bool {
        is_root() && self.project.has("apt-get")
    }

    /// Installs packages, or lists them if this account cannot.
    pub(super) fn require(&self, packages: &[&str]) -> Result {
        if packages.is_empty() {
            return Ok(());
        }
        let names = packages.join(" ");
        if !self.can_install() {
            return Err(Failure::new(format!(
                "setup: please install these (Debian's names), then try again: {names}\n\
                 setup:     sudo apt-get install --no-install-recommends {names}"
            )));
        }
        report(format_args!("installing {names}"));
        self.install(packages)
    }

    /// Installs packages. Their services are not started, because tests start their own servers.
    pub(super) fn install(&self, packages: &[&str]) -> Result {
        self.update()?;
        let _policy = Policy::create()?;
        let sh = &self.project.sh;
        cmd!(sh, "apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends")
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .quietly()
    }

    /// Returns whether this release of Debian has a package.
    pub(super) fn offers(&self, package: &str) -> Result<bool> {
        self.update()?;
        let outcome = cmd!(self.project.sh, "apt-cache show {package}").outcome()?;
        Ok(outcome.text.contains("Package:"))
    }

    /// Updates the package lists once.
    fn update(&self) -> Result {
        if !self.updated.replace(true) {
            let outcome = cmd!(self.project.sh, "apt-get -q update").outcome()?;
            if !outcome.succeeded() {
                eprint!("{}", outcome.text);
                report("apt-get update failed; using the existing package lists");
            }
        }
        Ok(())
    }
}

/// Returns whether this account is root.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::getuid().is_root();
    #[cfg(not(unix))]
    return false;
}

/// The policy that services are not started, until this is dropped. An existing policy of the
/// machine is not changed.
struct Policy(bool);

impl Policy {
    fn create() -> Result<Self> {
        let path = Path::new(POLICY);
        if path.exists() {
            return Ok(Self(false));
        }
        let policy = Self(true);
        fs::write(path, "#!/bin/sh\nexit 101\n").context(POLICY)?;
        set_mode(path, 0o755)?;
        Ok(policy)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.0 {
            // It does not exist if creating it failed.
            let _ = fs::remove_file(POLICY);
        }
    }
}

/// Sets the permissions of a file.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).context(path.display())?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}
