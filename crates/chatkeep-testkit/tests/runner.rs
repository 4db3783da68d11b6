//! The `chatkeep-testkit run` command, mostly with one server, since each case starts its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

const LIMIT: Duration = Duration::from_secs(30);

fn kit(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatkeep-testkit"));
    command.arg("run").args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    kit(arguments).output().expect("the runner starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exit_code_of_the_command_passes_through() {
    let output = output(&["--only", "postgresql", "--fast", "--", "sh", "-c", "exit 7"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
}

#[test]
fn the_command_finds_the_servers_it_asked_for_and_no_others() {
    let script =
        r#"echo "$CHATKEEP_TEST_MARIADB_URL|$CHATKEEP_TEST_POSTGRESQL_URL|$CHATKEEP_TEST_ONLY""#;
    let output = output(&["--only", "mariadb", "--fast", "--quiet", "--", "sh", "-c", script]);
    let said = text(&output.stdout);
    assert!(said.starts_with("mariadb://chatkeep:"), "{said}");
    assert!(said.trim_end().ends_with("/||mariadb"), "{said}");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn servers_are_durable_unless_they_are_asked_to_be_fast() {
    let output = output(&[
        "--only",
        "postgresql",
        "--",
        "sh",
        "-c",
        "cat /proc/$CHATKEEP_TEST_POSTGRESQL_PID/cmdline",
    ]);
    let said = text(&output.stdout);
    assert!(said.contains("postgres") && !said.contains("fsync"), "{said}");
}

#[test]
fn a_command_that_is_not_there_is_an_error() {
    let output = output(&["--only", "postgresql", "--fast", "--", "/no/such/command"]);
    assert_eq!(output.status.code(), Some(127), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("/no/such/command"));
}

#[test]
fn an_unknown_server_is_refused() {
    let output = output(&["--only", "oracle", "--", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("postgresql, mariadb or mysql"),
        "{}",
        text(&output.stderr)
    );
}

/// A runner whose command has told its server's pid and the run's folder, and now sleeps.
struct Running {
    runner: Child,
    server: u32,
    command: u32,
    folder: String,
}

fn start_and_sleep() -> Running {
    let script = "echo $CHATKEEP_TEST_POSTGRESQL_PID $$ $CHATKEEP_TEST_HOME; sleep 60; echo late";
    let mut command = kit(&["--only", "postgresql", "--fast", "--quiet", "--", "sh", "-c", script]);
    let mut runner = command.stdout(Stdio::piped()).spawn().expect("the runner starts");
    let mut line = String::new();
    let out = runner.stdout.take().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("the command says where its server is");
    let words: Vec<&str> = line.split_whitespace().collect();
    let [server, command, folder] = words[..] else { panic!("the command said {line:?}") };
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

    /// Asserts that the server, its command and the folder go away.
    fn leaves_nothing(&self) {
        let begin = Instant::now();
        let gone = |pid: u32| !is_alive(pid);
        while !(gone(self.server) && gone(self.command) && !Path::new(&self.folder).exists()) {
            assert!(
                begin.elapsed() < LIMIT,
                "after {LIMIT:?} something of {} is still there",
                self.folder
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn send(signal: &str, pid: u32) {
    let status =
        Command::new("kill").arg(signal).arg(pid.to_string()).status().expect("kill is there");
    assert!(status.success());
}

/// Whether a process is there and not only waited for.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_killed_runner_leaves_nothing_behind() {
    let mut running = start_and_sleep();
    running.signal("-KILL");
    running.runner.wait().expect("it is gone");
    running.leaves_nothing();
}

#[test]
fn a_killed_runner_leaves_nothing_behind_even_when_its_server_was_frozen() {
    let mut running = start_and_sleep();
    send("-STOP", running.server);
    running.signal("-KILL");
    running.runner.wait().expect("it is gone");
    running.leaves_nothing();
}

#[test]
fn sigterm_ends_the_command_and_the_servers() {
    let mut running = start_and_sleep();
    running.signal("-TERM");
    let status = running.runner.wait().expect("it ends");
    assert_eq!(status.code(), Some(143));
    running.leaves_nothing();
}

#[test]
fn sigint_ends_the_command_and_the_servers() {
    let mut running = start_and_sleep();
    running.signal("-INT");
    let status = running.runner.wait().expect("it ends");
    // Only the runner got it, not its process group as from a terminal: then it asks the command to end.
    assert_eq!(status.code(), Some(143));
    running.leaves_nothing();
}

#[test]
fn a_signal_while_the_servers_start_ends_them() {
    let mut runner = kit(&["--only", "postgresql,mariadb", "--fast", "--", "sleep", "60"]);
    let mut runner = runner.stderr(Stdio::null()).spawn().expect("the runner starts");
    let pid = runner.id();
    thread::sleep(Duration::from_millis(400));
    send("-TERM", pid);
    let status = runner.wait().expect("it ends");
    assert_eq!(status.code(), Some(143));
}
