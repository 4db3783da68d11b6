//! PostgreSQL servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{Plan, find_program, run};
use crate::failure::{Context, Failure, Result};
use crate::instance::Instance;
use crate::launch::{self, Account};
use crate::{Engine, certificate, environment};

pub(super) fn initialise(plan: &Plan<'_>) -> Result<()> {
    let password_file = plan.folder.join("password");
    fs::write(&password_file, plan.password)
        .context(|| "writing the password file of PostgreSQL".to_owned())?;
    Account::own(plan.account, &password_file)?;
    // Not SIGKILL: the server that it runs would leak its shared memory.
    let mut command = launch::command(&program("initdb")?, plan.account, "TERM");
    command
        .arg("--pgdata")
        .arg(plan.data())
        .arg("--pwfile")
        .arg(&password_file)
        .args([
            "--username=chatkeep",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        .args(["--no-sync", "--no-instructions"]);
    run(command, plan, "creating the data of a PostgreSQL server")
}

pub(super) fn command(plan: &Plan<'_>) -> Result<Command> {
    // SIGQUIT ends it at once, but unlike SIGKILL lets it give back its shared memory.
    let mut command = launch::command(&program("postgres")?, plan.account, "QUIT");
    command.arg("-D").arg(plan.data()).arg("-p").arg(plan.port.to_string());
    let mut set = |name: &str, value: &str| {
        command.arg("-c").arg(format!("{name}={value}"));
    };
    set("listen_addresses", "127.0.0.1");
    set("unix_socket_directories", &plan.folder.display().to_string());
    set("max_connections", "300");
    set("shared_buffers", "64MB");
    // Files in the data folder, which are removed with it, instead of shared memory that a killed
    // server leaks.
    set("dynamic_shared_memory_type", "mmap");
    if !plan.options.without_tls {
        set("ssl", "on");
        set("ssl_cert_file", &plan.folder.join(certificate::SERVER).display().to_string());
        set("ssl_key_file", &plan.folder.join(certificate::KEY).display().to_string());
    }
    if plan.options.fast {
        // Each commit still reaches the operating system, so a killed server loses nothing.
        set("fsync", "off");
        set("full_page_writes", "off");
    }
    for (name, value) in &plan.options.settings {
        set(name, value);
    }
    Ok(command)
}

/// Releases the System V segment of a server. A killed server leaks it; a server stopped by SIGQUIT
/// does not.
pub(super) fn release_shared_memory(instance: &mut Instance) {
    const ROUNDS: usize = 300;
    if let Some(pid) = instance.pid() {
        instance.resume();
        launch::signal(pid, Signal::QUIT);
        for _ in 0..ROUNDS {
            if !matches!(instance.exit_status(), Ok(None)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        return;
    }
    // The server was killed and not restarted. Line 7 of its pid file contains the key and id of
    // the segment.
    let text =
        fs::read_to_string(instance.socket().join("data/postmaster.pid")).unwrap_or_default();
    let id = text.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
    if let Some(id) = id {
        // Without ipcrm, 56 bytes leak until the machine restarts.
        let _ = Command::new("ipcrm")
            .args(["-m", id])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Finds `initdb` or `postgres` in the installation that the environment names, or in the newest
/// installed version.
fn program(name: &str) -> Result<PathBuf> {
    if let Some(home) = environment::installation(Engine::PostgreSql) {
        let program = home.join("bin").join(name);
        return newest(&home.join("usr/lib/postgresql"), name)
            .or_else(|| program.is_file().then_some(program))
            .ok_or_else(|| {
                Failure(format!("{} contains no `{name}` of PostgreSQL", home.display()))
            });
    }
    newest(Path::new("/usr/lib/postgresql"), name).or_else(|| find_program(name, &[])).ok_or_else(
        || {
            Failure(format!(
                "PostgreSQL's program `{name}` is not installed: run `make setup`, or install \
             postgresql"
            ))
        },
    )
}

/// Returns the program of the highest version in a folder.
fn newest(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name)))
        })
        .filter(|(_, program)| program.is_file())
        .collect();
    versions.sort();
    versions.pop().map(|(_, program)| program)
}
