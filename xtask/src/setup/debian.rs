//! Packages of another Debian suite. apt fetches and verifies them, and they are unpacked into a
//! folder. Nothing is installed into this system, and no privileges are needed.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xshell::cmd;

use crate::failure::{Context, Failure, Result};
use crate::files::{find, matching};
use crate::process::{Outcome, Run};
use crate::project::Project;

const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];

/// A suite, and a temporary folder for its package lists and packages.
pub(super) struct Suite<'a> {
    project: &'a Project,
    work: TempDir,
    options: Vec<String>,
}

impl<'a> Suite<'a> {
    /// Prepares to fetch packages of the suite `name` from the mirror that this system uses. The
    /// temporary folder is created in `parent`.
    ///
    /// # Errors
    ///
    /// Fails on systems that are not Debian.
    pub(super) fn new(project: &'a Project, parent: &Path, name: &str) -> Result<Self> {
        for program in ["apt-get", "dpkg-deb"] {
            if !project.has(program) {
                let error = format!("unpacking Debian packages requires {program}");
                return Err(Failure::new(error));
            }
        }
        let mirror = mirror(project)?;
        let keyring = KEYRINGS.into_iter().find(|path| Path::new(path).exists());
        let (Some(mirror), Some(keyring)) = (mirror, keyring) else {
            return Err(Failure::new("the apt settings contain no Debian mirror with a keyring"));
        };
        let work = tempfile::Builder::new().prefix("fetch.").tempdir_in(parent);
        let work = work.context(parent.display())?;
        for folder in ["lists/partial", "archives/partial", "root"] {
            project.sh.create_dir(work.path().join(folder))?;
        }
        let source = format!("deb [target=Packages signed-by={keyring}] {mirror} {name} main\n");
        project.sh.write_file(work.path().join("sources.list"), source)?;
        project.sh.write_file(work.path().join("status"), "")?;
        let options = options(work.path());
        Ok(Self { project, work, options })
    }

    /// Fetches the package list. Fails if the key of its signature is missing, among others.
    pub(super) fn update(&self) -> Result<Outcome> {
        let options = &self.options;
        cmd!(self.project.sh, "apt-get {options...} -o APT::Update::Error-Mode=any update")
            .outcome()
    }

    /// Fetches a package and its dependencies, unpacks them, and returns the folder.
    ///
    /// # Errors
    ///
    /// Fails with the reason that apt or dpkg reports.
    pub(super) fn unpack(&self, package: &str) -> Result<PathBuf> {
        let (sh, options) = (&self.project.sh, &self.options);
        let outcome = cmd!(sh, "apt-get {options...} install --download-only")
            .args(["--no-install-recommends", package])
            .outcome()?;
        succeeded("fetching its packages failed", &outcome)?;
        let root = self.work.path().join("root");
        for archive in matching(self.work.path().join("archives"), "*.deb") {
            let outcome = cmd!(sh, "dpkg-deb --extract {archive} {root}").outcome()?;
            succeeded(&format!("unpacking {} failed", archive.display()), &outcome)?;
        }
        // Files that servers never read.
        let unused = ["doc", "man", "perl", "perl5", "locale", "lintian"];
        let mut unused: Vec<PathBuf> =
            unused.iter().map(|name| root.join("usr/share").join(name)).collect();
        for folder in matching(root.join("usr/lib"), "*") {
            unused.extend(matching(folder, "perl*"));
        }
        for path in unused {
            sh.remove_path(path)?;
        }
        Ok(root)
    }
}

/// Returns the loader that the programs below `root` were built for.
pub(super) fn loader(root: &Path) -> Result<PathBuf> {
    let is_loader = |name: &std::ffi::OsStr| {
        name.to_str().is_some_and(|name| name.starts_with("ld-") && name.contains(".so"))
    };
    find(root, &is_loader).ok_or_else(|| Failure::new("the packages contain no loader"))
}

/// Returns the name of the folder of libraries, such as `x86_64-linux-gnu`.
pub(super) fn libraries(root: &Path) -> Result<String> {
    let folders = matching(root.join("usr/lib"), "*-linux-gnu");
    let name = folders.first().and_then(|folder| folder.file_name());
    let name = name.map(|name| name.to_string_lossy().into_owned());
    name.ok_or_else(|| Failure::new("the packages contain no libraries"))
}

/// Fails with `error` and the reason in the output unless the command succeeded.
pub(super) fn succeeded(error: &str, outcome: &Outcome) -> Result {
    if outcome.succeeded() {
        return Ok(());
    }
    Err(Failure::new(format!("{error}: {}", reason(&outcome.text))))
}

/// Returns the first error of apt, else its first warning, else the last line.
fn reason(text: &str) -> &str {
    let line = |mark| text.lines().find(|line| line.starts_with(mark));
    line("E:").or_else(|| line("W:")).or_else(|| text.lines().last()).unwrap_or_default()
}

/// Returns the mirror of this system's own release.
fn mirror(project: &Project) -> Result<Option<String>> {
    let Ok(release) = fs::read_to_string("/etc/os-release") else { return Ok(None) };
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let Some(codename) = codename else { return Ok(None) };
    // apt-get replaces the names.
    let format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
    let targets = cmd!(project.sh, "apt-get indextargets --format {format} 'Created-By: Packages'");
    let prefix = format!("{codename} main ");
    let targets = targets.text()?;
    Ok(targets.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned))
}

/// Returns options by which apt uses only the folder `work`. The settings of the machine for
/// proxies and certificates still apply.
fn options(work: &Path) -> Vec<String> {
    let work = work.display();
    let settings = [
        format!("Dir::Etc::sourcelist={work}/sources.list"),
        "Dir::Etc::sourceparts=-".to_owned(),
        "Dir::Etc::preferences=/dev/null".to_owned(),
        "Dir::Etc::preferencesparts=-".to_owned(),
        "APT::Default-Release=".to_owned(),
        format!("Dir::State::lists={work}/lists"),
        format!("Dir::State::status={work}/status"),
        format!("Dir::State::extended_states={work}/extended"),
        format!("Dir::Cache::archives={work}/archives"),
        "Dir::Cache::pkgcache=".to_owned(),
        "Dir::Cache::srcpkgcache=".to_owned(),
        "APT::Sandbox::User=".to_owned(),
        "Acquire::Languages=none".to_owned(),
        "Acquire::Retries=3".to_owned(),
    ];
    let settings = settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]);
    ["-q", "-y"].map(str::to_owned).into_iter().chain(settings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_first_error_or_warning_or_the_last_line() {
        assert_eq!(reason("Get:1\nW: old\nE: no key\nE: more"), "E: no key");
        assert_eq!(reason("Get:1\nW: old\ndone"), "W: old");
        assert_eq!(reason("one\ntwo"), "two");
        assert_eq!(reason(""), "");
    }
}
