//! Tests of Ctrl-C and SIGTERM during a command.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::command::Home;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success());
}

/// Waits until a condition is true. Panics after 30 s.
fn wait_until(event: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < Duration::from_secs(30), "timed out after 30 s: {event}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn interrupted_imports_name_the_line_to_continue_from() {
    for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM)] {
        let home = Home::new();
        home.run_ok(&["migrate", "upgrade"]);
        let mut child = home.start(&["messages", "import", "-", "--batch", "10"]);
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin
            .write_all("{\"user_message\": \"hi\"}\n".repeat(25).as_bytes())
            .expect("the command reads");
        wait_until("storing two batches", || home.count() == 20);
        signal(&child, name);
        let output = child.wait_with_output().expect("the command ends");
        assert_eq!(
            output.status.signal(),
            Some(number),
            "it dies of the signal, which a shell sees as 128 + {number}"
        );
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            message,
            "interrupted: 20 messages were stored, up to line 20; continue with --from-line 21\n"
        );
        assert_eq!(home.count(), 20);
    }
}

#[test]
fn interrupted_imports_print_a_json_error() {
    let home = Home::new();
    home.run_ok(&["migrate", "upgrade"]);
    let mut child = home.start(&["messages", "import", "-", "--batch", "10", "--json"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all("{\"user_message\": \"hi\"}\n".repeat(15).as_bytes())
        .expect("the command reads");
    wait_until("storing a batch", || home.count() == 10);
    signal(&child, "INT");
    let output = child.wait_with_output().expect("the command ends");
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(
        (&error["error"]["stored"], &error["error"]["continue_from"]),
        (&10.into(), &11.into())
    );
}

#[test]
fn interrupted_exports_leave_no_file() {
    let home = Home::new();
    let line = format!("{{\"user_message\": \"{}\"}}\n", "x".repeat(4_000));
    assert_eq!(home.run_on(line.repeat(8_000), &["messages", "import", "-"]).code, Some(0));
    for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM)] {
        let child = home.start(&["messages", "export", "out.jsonl"]);
        wait_until("creating the file", || !home.files().is_empty());
        signal(&child, name);
        let output = child.wait_with_output().expect("the command ends");
        // On a fast machine the export may have finished; then the file is complete.
        match output.status.signal() {
            Some(signal) => {
                assert_eq!(signal, number);
                assert_eq!(home.files(), <[String; 0]>::default());
            }
            None => {
                assert_eq!(home.files(), ["out.jsonl"]);
                assert_eq!(home.read("out.jsonl").lines().count(), 8_000);
                std::fs::remove_file(home.path("out.jsonl")).expect("removed");
            }
        }
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

#[test]
fn interrupts_during_continuous_imports_report_exact_progress() {
    let home = Home::new();
    home.run_ok(&["migrate", "upgrade"]);
    let file = home.write("chats.jsonl", "{\"user_message\": \"hi\"}\n".repeat(200_000));
    let child = home.start(&["messages", "import", &file, "--batch", "10", "--json"]);
    wait_until("storing a batch", || home.count() > 0);
    let start = Instant::now();
    signal(&child, "INT");
    let output = child.wait_with_output().expect("the command ends");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(output.status.signal(), Some(SIGINT));
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(error["error"]["stored"], home.count());
}
