//! Tests of the `chatkeep-testkit run` command.
//!
//! Each test starts its own servers, so most tests use only one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// Maximum time for servers and commands to end.
const LIMIT: Duration = Duration::from_secs(30);

fn testkit(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatkeep-testkit"));
    command.arg("run").args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    testkit(arguments).output().expect("the runner starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exit_code_of_the_command_is_returned() {
    let output = output(&["--only", "postgresql", "--fast", "--", "sh", "-c", "exit 7"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
}

#[test]
fn the_command_finds_only_the_requested_servers() {
    let script =
        r#"echo "$CHATKEEP_TEST_MARIADB_URL|$CHATKEEP_TEST_POSTGRESQL_URL|$CHATKEEP_TEST_ONLY""#;
    let output = output(&["--only", "mariadb", "--fast", "--quiet", "--", "sh", "-c", script]);
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("mariadb://chatkeep:"), "{stdout}");
    assert!(stdout.trim_end().ends_with("/||mariadb"), "{stdout}");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn servers_are_durable_without_the_fast_option() {
    let output = output(&[
        "--only",
        "postgresql",
        "--",
        "sh",
        "-c",
        "cat /proc/$CHATKEEP_TEST_POSTGRESQL_PID/cmdline",
    ]);
    let stdout = text(&output.stdout);
    assert!(stdout.contains("postgres") && !stdout.contains("fsync"), "{stdout}");
}

#[test]
fn a_missing_command_is_an_error() {
    let output = output(&["--only", "postgresql", "--fast", "--", "/no/such/command"]);
    assert_eq!(output.status.code(), Some(127), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("/no/such/command"));
}

#[test]
fn an_unknown_server_is_rejected() {
    let output = output(&["--only", "oracle", "--", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("postgresql, mariadb or mysql"),
        "{}",
        text(&output.stderr)
    );
}

/// A runner whose command sleeps, after it has printed the pids of the server and the command, and
/// the folder of the run.
struct Running {
    runner: Child,
    server: u32,
    command: u32,
    folder: String,
}

fn start_and_sleep() -> Running {
    let script = "echo $CHATKEEP_TEST_POSTGRESQL_PID $$ $CHATKEEP_TEST_HOME; sleep 60; echo late";
    let mut command =
        testkit(&["--only", "postgresql", "--fast", "--quiet", "--", "sh", "-c", script]);
    let mut runner = command.stdout(Stdio::piped()).spawn().expect("the runner starts");
    let mut line = String::new();
    let out = runner.stdout.take().expect("stdout is piped");
    BufReader::new(out).read_line(&mut line).expect("the command prints its line");
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [server, command, folder] = fields[..] else { panic!("the command printed {line:?}") };
    Running {
        runner,
        server: server.parse().expect("a pid"),
        command: command.parse().expect("a pid"),
        folder: folder.to_owned(),
    }
}

impl Running {
    fn signal(&self, signal: &str) {
        send(signal, self.runner.id());
    }

    /// Asserts that the server and the command end and the folder is removed.
    fn assert_cleaned_up(&self) {
        let begin = Instant::now();
        let has_exited = |pid: u32| !is_alive(pid);
        while !(has_exited(self.server)
            && has_exited(self.command)
            && !Path::new(&self.folder).exists())
        {
            assert!(begin.elapsed() < LIMIT, "{} was not cleaned up within {LIMIT:?}", self.folder);
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn send(signal: &str, pid: u32) {
    let status =
        Command::new("kill").arg(signal).arg(pid.to_string()).status().expect("kill is installed");
    assert!(status.success());
}

/// Returns whether a process exists and is not a zombie.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_killed_runner_is_cleaned_up() {
    let mut running = start_and_sleep();
    running.signal("-KILL");
    running.runner.wait().expect("the runner has exited");
    running.assert_cleaned_up();
}

#[test]
fn a_killed_runner_with_a_frozen_server_is_cleaned_up() {
    let mut running = start_and_sleep();
    send("-STOP", running.server);
    running.signal("-KILL");
    running.runner.wait().expect("the runner has exited");
    running.assert_cleaned_up();
}

#[test]
fn sigterm_ends_the_command_and_the_servers() {
    let mut running = start_and_sleep();
    running.signal("-TERM");
    let status = running.runner.wait().expect("the runner exits");
    assert_eq!(status.code(), Some(143));
    running.assert_cleaned_up();
}

#[test]
fn sigint_ends_the_command_and_the_servers() {
    let mut running = start_and_sleep();
    running.signal("-INT");
    let status = running.runner.wait().expect("the runner exits");
    // The command does not get SIGINT, because the signal is sent to the runner only and not to the
    // process group. The runner therefore ends the command with SIGTERM: 128 + 15.
    assert_eq!(status.code(), Some(143));
    running.assert_cleaned_up();
}

#[test]
fn a_signal_during_the_start_ends_the_runner() {
    let mut runner = testkit(&["--only", "postgresql,mariadb", "--fast", "--", "sleep", "60"]);
    let mut runner = runner.stderr(Stdio::null()).spawn().expect("the runner starts");
    let pid = runner.id();
    // By then the runner is starting the servers.
    thread::sleep(Duration::from_millis(400));
    send("-TERM", pid);
    let status = runner.wait().expect("the runner exits");
    assert_eq!(status.code(), Some(143));
}
