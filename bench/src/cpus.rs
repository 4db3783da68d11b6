//! Pins processes to CPUs with taskset(1), which takes a list such as `0,2-3`.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use chatkeep_bench_protocol::Result;
use chatkeep_testkit::Server;

/// Returns the same command, pinned to these CPUs.
pub(crate) fn pinned(command: &Command, cpus: &str) -> Command {
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", cpus]).arg(command.get_program()).args(command.get_args());
    let set = |(key, value): (&OsStr, Option<&OsStr>)| Some((key.to_owned(), value?.to_owned()));
    pinned.envs(command.get_envs().filter_map(set));
    pinned
}

/// Pins a server and all processes that it starts later to these CPUs.
pub(crate) fn pin(server: &Server, cpus: &str) -> Result<()> {
    let process = server.pid().ok_or("the server is not running")?.to_string();
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--cpu-list", "--pid", cpus, &process]).stdout(Stdio::null());
    if taskset.status()?.success() {
        Ok(())
    } else {
        Err(format!("taskset rejected the CPU list {cpus:?}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_command_keeps_its_arguments_and_environment() {
        let mut command = Command::new("sh");
        command.args(["-c", "taskset --cpu-list --pid $$; echo $WORD"]).env("WORD", "kept");
        let output = pinned(&command, "0").output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains("list: 0\n") && stdout.contains("kept"), "{stdout}");
    }
}
