//! The folder of a run's temporary servers, and the guard process that removes it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use crate::failure::{Context, Result};
use crate::{certificate, port};

/// Shell script of the guard, whose argument is the folder.
///
/// It waits for the end of its standard input, which is closed when its owner drops it or dies for
/// any reason. Then it terminates all servers (their working folder is inside the folder) and all
/// processes started with them (the folder is in their environment). Frozen processes are included.
/// They get SIGTERM at once and SIGKILL after 1 s. Finally it removes the folder, and gives up
/// after 20 s.
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
        # On SIGQUIT, PostgreSQL does not wait for its clients, and still releases its shared memory.
        2) kill -QUIT $servers ;;
        [1-9]) ;;
        *) kill -KILL $servers $users ;;
    esac 2>/dev/null
    sleep 0.1
    round=$((round + 1))
done
for file in "$1"/*/data/postmaster.pid; do
    # The last field of line 7 is the id of a shared memory segment that PostgreSQL may leave.
    segment=$(sed -n '7s/.* //p' "$file" 2>/dev/null)
    [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null
done
# A process that is about to exit may still create a file.
while [ -e "$1" ] && [ $round -lt 200 ]; do
    rm -rf "$1" || sleep 0.1
    round=$((round + 1))
done
"#;

/// A folder with certificates, a password, and the folders of the servers.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    password: String,
    /// `None` if the folder belongs to another process, the runner.
    guard: Option<Child>,
}

impl Home {
    /// Creates a folder inside the system's temporary folder. It is removed when this value is
    /// dropped or this process ends.
    pub(crate) fn create() -> Result<Self> {
        let doing = || "creating a temporary folder".to_owned();
        let folder = tempfile::Builder::new().prefix("chatkeep-test-").tempdir().context(doing)?;
        // The path is compared with the working folders of the servers, which contain no links.
        let path = folder.keep().canonicalize().context(doing)?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "chatkeep-test-guard"])
            .arg(&path)
            // In a nested run, the outer guard must not treat this guard as a leftover process.
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .context(|| "starting the guard of the temporary folder".to_owned())?;
        let home = Self { path, password: port::random_hex(12)?, guard: Some(guard) };
        // Servers do not run as root and need access to their own folders in here.
        fs::set_permissions(&home.path, fs::Permissions::from_mode(0o755)).context(doing)?;
        certificate::create(&home.certificates())?;
        fs::write(home.path.join("password"), &home.password).context(doing)?;
        fs::set_permissions(home.path.join("password"), fs::Permissions::from_mode(0o600))
            .context(doing)?;
        Ok(home)
    }

    /// Opens the folder of a run that another process, the runner, owns and removes.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let file = path.join("password");
        let password =
            fs::read_to_string(&file).context(|| format!("reading {}", file.display()))?;
        Ok(Self { path, password, guard: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the password of the account `chatkeep` on every server in the folder.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Returns the folder of the certificates.
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
                    "chatkeep-testkit: waiting for the guard of {} failed: {error}",
                    self.path.display()
                );
            }
        }
    }
}
