//! The folder in which throw-away servers live, and the guard that removes it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use crate::failure::{Result, While};
use crate::{certificate, port};

/// Waits for the end of its standard input, which comes when its owner lets go of it or dies in whatever way. Then it
/// ends all servers (those work in the folder) and all that was run with them (the folder is in their environment),
/// frozen ones too, and removes the folder.
const GUARD: &str = r#"
trap '' HUP INT TERM
cat >/dev/null
round=0
while [ $round -lt 100 ]; do
    servers=$(find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "$1/*" 2>/dev/null | cut -d/ -f3)
    users=$(grep -slzFx "CHATKEEP_TEST_HOME=$1" /proc/[0-9]*/environ | cut -d/ -f3)
    [ -n "$servers$users" ] || break
    case $round in
        0) kill -CONT $servers $users; kill -TERM $servers $users ;;
        # On this PostgreSQL waits for its clients no longer, and still gives its shared memory back.
        2) kill -QUIT $servers ;;
        [1-9]) ;;
        *) kill -KILL $servers $users ;;
    esac 2>/dev/null
    sleep 0.1
    round=$((round + 1))
done
for file in "$1"/*/data/postmaster.pid; do
    segment=$(sed -n '7s/.* //p' "$file" 2>/dev/null)
    [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null
done
# Whoever is about to end may make one more file meanwhile.
while [ -e "$1" ] && [ $round -lt 200 ]; do
    rm -rf "$1" || sleep 0.1
    round=$((round + 1))
done
"#;

/// A folder with certificates and a password; servers have their folders in it.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    password: String,
    /// `None` when the folder belongs to another process, the runner.
    guard: Option<Child>,
}

impl Home {
    /// A new folder under the system's temporary folder, gone when this value or this process is.
    pub(crate) fn create() -> Result<Self> {
        let doing = || "making a temporary folder".to_owned();
        let folder = tempfile::Builder::new().prefix("chatkeep-test-").tempdir().while_(doing)?;
        // The servers' working folders are compared with this path, and those have no links in them.
        let path = folder.keep().canonicalize().while_(doing)?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "chatkeep-test-guard"])
            .arg(&path)
            // A run inside another run: the outer one must not take this guard for something it left.
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .while_(|| "starting the guard of the temporary folder".to_owned())?;
        let home = Self { path, password: port::random_hex(12)?, guard: Some(guard) };
        // Servers run under another account than root and must reach their own folders in here.
        fs::set_permissions(&home.path, fs::Permissions::from_mode(0o755)).while_(doing)?;
        certificate::make(&home.certificates())?;
        fs::write(home.path.join("password"), &home.password).while_(doing)?;
        fs::set_permissions(home.path.join("password"), fs::Permissions::from_mode(0o600))
            .while_(doing)?;
        Ok(home)
    }

    /// The folder of a run that somebody else keeps.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let file = path.join("password");
        let password =
            fs::read_to_string(&file).while_(|| format!("reading {}", file.display()))?;
        Ok(Self { path, password, guard: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Password of the account `chatkeep` on every server in here.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    pub(crate) fn certificates(&self) -> PathBuf {
        self.path.join("tls")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            if let Err(error) = guard.wait() {
                eprintln!(
                    "chatkeep-testkit: the guard of {} could not be waited for: {error}",
                    self.path.display()
                );
            }
        }
    }
}
