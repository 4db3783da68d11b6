//! PostgreSQL servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{Plan, find_program, run};
use crate::failure::{Failure, Result, While};
use crate::instance::Instance;
use crate::launch::{self, Account};
use crate::{Engine, certificate, environment};

pub(super) fn initialise(plan: &Plan<'_>) -> Result<()> {
    let password_file = plan.folder.join("password");
    fs::write(&password_file, plan.password)
        .while_(|| "writing PostgreSQL's password file".to_owned())?;
    Account::own(plan.account, &password_file)?;
    // Not SIGKILL: the server that it runs would leave its shared memory behind.
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
    run(command, plan, "making the data of a PostgreSQL server")
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
    // Files in the data folder, which go with it, instead of shared memory that a killed server leaves behind.
    set("dynamic_shared_memory_type", "mmap");
    if !plan.options.without_tls {
        set("ssl", "on");
        set("ssl_cert_file", &plan.folder.join(certificate::SERVER).display().to_string());
        set("ssl_key_file", &plan.folder.join(certificate::KEY).display().to_string());
    }
    if plan.options.fast {
        // Each commit still reaches the system, so that a killed server loses nothing.
        set("fsync", "off");
        set("full_page_writes", "off");
    }
    for (name, value) in &plan.options.settings {
        set(name, value);
    }
    Ok(command)
}

/// A killed server leaves a small System V segment; a server that ended by SIGQUIT does not.
pub(super) fn let_go_of_shared_memory(instance: &mut Instance) {
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
    // It was killed and not started again: line 7 of its pid file holds the segment's key and id.
    let text =
        fs::read_to_string(instance.socket().join("data/postmaster.pid")).unwrap_or_default();
    let id = text.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
    if let Some(id) = id {
        // Without ipcrm, 56 bytes stay until the machine restarts.
        let _ = Command::new("ipcrm")
            .args(["-m", id])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// `initdb` and `postgres` of the newest version installed, or of the installation that the environment names.
fn program(name: &str) -> Result<PathBuf> {
    if let Some(home) = environment::installation(Engine::PostgreSql) {
        let program = home.join("bin").join(name);
        return newest(&home.join("usr/lib/postgresql"), name)
            .or_else(|| program.is_file().then_some(program))
            .ok_or_else(|| Failure(format!("{} holds no `{name}` of PostgreSQL", home.display())));
    }
    newest(Path::new("/usr/lib/postgresql"), name).or_else(|| find_program(name, &[])).ok_or_else(|| {
        Failure(format!(
            "PostgreSQL's program `{name}` is not installed: run `make setup`, or install postgresql"
        ))
    })
}

/// The program in the highest version that a folder has.
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
