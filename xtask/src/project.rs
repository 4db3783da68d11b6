//! The folders of the project, and the shell in which its commands run.

use std::env;
use std::path::{self, Path, PathBuf};

use xshell::Shell;

use crate::failure::{Context, Failure, Result};

/// The project's folders, as absolute paths.
pub(crate) struct Project {
    /// Runs commands in the top folder of the clone, with the tools of the cache folder.
    pub(crate) sh: Shell,
    /// The directory in which the command was called.
    pub(crate) caller: PathBuf,
    /// Everything that is fetched or built once, outside the clone.
    pub(crate) cache: PathBuf,
    /// Cargo's build output.
    pub(crate) target: PathBuf,
}

impl Project {
    /// Finds the folders, and changes to the top folder of the clone.
    ///
    /// # Errors
    ///
    /// Fails outside a clone, or if it fails to create the cache folder.
    pub(crate) fn open() -> Result<Self> {
        let caller = env::current_dir().context("reading the current directory")?;
        let root = root(&caller)?;
        let target = match variable("CARGO_TARGET_DIR") {
            Some(folder) => absolute(&caller, folder)?,
            None => root.join("target"),
        };
        let cache = absolute(&caller, cache()?)?;
        env::set_current_dir(&root).context(root.display())?;
        let sh = Shell::new()?;
        sh.create_dir(&cache)?;
        sh.set_var("CHATKEEP_CACHE", &cache);
        if variable("CARGO_TARGET_DIR").is_some() {
            sh.set_var("CARGO_TARGET_DIR", &target);
        }
        let tools = cache.join("tools/bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([tools].into_iter().chain(env::split_paths(&path)))
            .map_err(|error| Failure::new(format!("PATH: {error}")))?;
        sh.set_var("PATH", path);
        Ok(Self { sh, caller, cache, target })
    }

    /// Returns whether a program is installed. Servers are outside the PATH of ordinary accounts.
    pub(crate) fn has(&self, program: &str) -> bool {
        let path = self.sh.var_os("PATH").unwrap_or_default();
        let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
        env::split_paths(&path).chain(system).any(|folder| {
            let names = if cfg!(windows) { &["exe", "cmd"][..] } else { &[""] };
            names.iter().any(|end| folder.join(program).with_extension(end).is_file())
        })
    }
}

/// Returns a variable of the environment that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn cache() -> Result<PathBuf> {
    if let Some(folder) = variable("CHATKEEP_CACHE") {
        return Ok(folder.into());
    }
    let parent = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || env::home_dir().map(|home| home.join(".cache"));
    let parent = parent.or_else(home);
    let parent = parent.ok_or_else(|| Failure::new("no home directory; set CHATKEEP_CACHE"))?;
    Ok(parent.join("chatkeep"))
}

/// Returns the folder of the clone: that of the running `cargo xtask`, or one that contains the
/// current directory.
fn root(caller: &Path) -> Result<PathBuf> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let from = manifest.as_deref().unwrap_or(caller);
    let is_root = |folder: &&Path| folder.join("xtask/Cargo.toml").is_file();
    let root = from.ancestors().find(is_root).map(Path::to_owned);
    root.ok_or_else(|| Failure::new("the current directory is outside a clone of chatkeep"))
}

fn absolute(base: &Path, folder: impl AsRef<Path>) -> Result<PathBuf> {
    let folder = base.join(folder);
    path::absolute(&folder).context(folder.display())
}
