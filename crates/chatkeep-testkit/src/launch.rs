//! Starts and signals server processes so that none outlives the process that started it.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{OnceLock, mpsc};
use std::thread;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::failure::{Context, Failure, Result};

/// The account that runs servers, because database servers should not run as root and some refuse
/// to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// Returns the account `nobody` if the current user is root, otherwise `None`, which is the
    /// current user.
    pub(crate) fn unprivileged() -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let text =
            fs::read_to_string("/etc/passwd").context(|| "reading /etc/passwd".to_owned())?;
        let ids = text.lines().map(|line| line.split(':').collect::<Vec<_>>()).find_map(|fields| {
            match fields[..] {
                ["nobody", _, uid, gid, ..] => Some((uid.parse().ok()?, gid.parse().ok()?)),
                _ => None,
            }
        });
        let (uid, gid) = ids
            .ok_or_else(|| Failure("there is no account `nobody` to run servers as".to_owned()))?;
        Ok(Some(Self { uid, gid }))
    }

    /// Makes this account the owner of a file or folder.
    pub(crate) fn own(account: Option<Self>, path: &Path) -> Result<()> {
        match account {
            None => Ok(()),
            Some(Self { uid, gid }) => chown(path, Some(uid), Some(gid))
                .context(|| format!("changing the owner of {}", path.display())),
        }
    }
}

/// Returns whether the current user is root.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// Returns a command that runs under the given account and receives the named signal when its
/// parent process ends, even by `kill -9`. It has its own process group, so that Ctrl-C at the
/// terminal reaches only the runner.
pub(crate) fn command(program: &Path, account: Option<Account>, on_death: &str) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(Account { uid, gid }) = account {
        command.args([
            format!("--reuid={uid}"),
            format!("--regid={gid}"),
            "--clear-groups".to_owned(),
        ]);
    }
    command.args(["--pdeathsig", on_death, "--"]).arg(program).process_group(0).current_dir("/");
    command
}

/// Spawns a command from a thread that lives as long as this process. The death signal requested by
/// [`command`] is sent when the spawning *thread* ends, and the thread of a test may end long
/// before its server should.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    type Request = (Command, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();

    if fs::metadata("/proc/self").is_err() {
        return Err(io::Error::other("the testkit needs Linux with /proc"));
    }
    let spawner = SPAWNER.get_or_init(|| {
        let (requests, inbox) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (mut command, reply) in inbox {
                // The requester may have ended. Dropping a child does not terminate it, but the
                // guard will.
                let _ = reply.send(command.spawn());
            }
        });
        requests
    });
    let (reply, result) = mpsc::channel();
    command.env_remove("NOTIFY_SOCKET");
    let stopped = |_| io::Error::other("the thread that starts servers has stopped");
    spawner
        .send((command, reply))
        .map_err(|_| io::Error::other("the thread that starts servers has stopped"))?;
    result.recv().map_err(stopped)?
}

/// Sends a signal. A process that has already exited is not an error.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // If the process has exited, there is nothing to signal.
        let _ = kill_process(pid, signal);
    }
}

/// Returns the processes whose working folder is in this folder: a server with all its workers.
pub(crate) fn processes_in(folder: &Path) -> Vec<u32> {
    numbered_proc_entries()
        .filter(|(_, entry)| {
            fs::read_link(entry.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        })
        .map(|(pid, _)| pid)
        .collect()
}

/// Returns the process and all its descendants, the process itself first.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = numbered_proc_entries()
        .filter_map(|(pid, entry)| Some((pid, parent_of(&entry)?)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let children = parents.iter().filter(|(pid, of)| *of == parent && !found.contains(pid));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        found.extend(children);
        next += 1;
    }
    found
}

fn parent_of(entry: &Path) -> Option<u32> {
    let stat = fs::read_to_string(entry.join("stat")).ok()?;
    // "PID (name) STATE PPID …", where the name may contain any character.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn numbered_proc_entries() -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}
