//! Tests of `tasks work`.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::command::{Answer, Home};

fn enqueue(home: &Home, arguments: &[&str]) -> String {
    home.run_ok(&[&["tasks", "enqueue"], arguments].concat()).trim_end().to_owned()
}

fn start(home: &Home, arguments: &[&str]) -> Child {
    home.command(&[&["tasks", "work"], arguments].concat()).spawn().expect("the worker starts")
}

fn show(home: &Home, id: &str) -> Value {
    home.run_json(&["tasks", "show", id])
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

fn wait_for(home: &Home, id: &str, condition: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let task = show(home, id);
        if condition(&task) {
            return task;
        }
        assert!(Instant::now() < end, "{task}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn has_ended(task: &Value) -> bool {
    !task["finished_at"].is_null()
}

/// Sends SIGTERM to the worker, and waits for its end.
fn stop(child: Child) -> Answer {
    signal(&child, "TERM");
    Answer::from(child.wait_with_output().expect("the worker ends"))
}

#[test]
fn commands_get_the_input_and_print_the_result() {
    let home = Home::new();
    let input = r#"{"to": "é😀", "n": 1}"#;
    let object = enqueue(&home, &["email", input]);
    let text = enqueue(&home, &["text"]);
    let nothing = enqueue(&home, &["nothing"]);
    let script = "case $CHATKEEP_TASK_KIND in
        email) printf '{\"input\": %s, \"id\": \"%s\", \"attempt\": %s}' \"$(cat)\" \
            \"$CHATKEEP_TASK_ID\" \"$CHATKEEP_TASK_ATTEMPT\";;
        text) echo sent; echo note >&2;;
        esac";
    let worker = ["email", "text", "nothing", "--worker", "w-1", "--", "sh", "-c", script];
    let worker = start(&home, &worker);
    let task = wait_for(&home, &nothing, has_ended);
    assert_eq!((&task["status"], &task["result"]), (&json!("completed"), &Value::Null));
    let answer = stop(worker);
    assert_eq!((answer.code, answer.out.as_str()), (Some(0), ""), "{answer:?}");
    let lines: Vec<_> = answer.err.lines().collect();
    let line = |kind: &str, id: &str| format!("completed {kind} {id}");
    let expected =
        [&line("email", &object), "note", &line("text", &text), &line("nothing", &nothing)];
    assert_eq!(lines, expected);
    let task = show(&home, &object);
    let result = json!({"input": {"to": "é😀", "n": 1}, "id": object, "attempt": 1});
    assert_eq!((&task["result"], &task["worker"]), (&result, &json!("w-1")));
    assert_eq!(show(&home, &text)["result"], json!({"output": "sent"}));
}

#[test]
fn other_exit_codes_fail_the_attempt() {
    let home = Home::new();
    let id = enqueue(&home, &["k", "--max-attempts", "1"]);
    let script = "echo first; echo 'no answer' >&2; exit 3";
    let worker = start(&home, &["k", "--quiet", "--", "sh", "-c", script]);
    let task = wait_for(&home, &id, has_ended);
    assert_eq!(task["status"], json!("failed"));
    assert_eq!(task["error"], json!("exit status: 3: no answer"));
    let answer = stop(worker);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), "no answer\n"));
    // A result that is too large.
    let id = enqueue(&home, &["k", "--max-attempts", "1"]);
    let script = "printf '{\"a\": \"'; head -c 1048576 /dev/zero | tr '\\0' x; printf '\"}'";
    let worker = start(&home, &["k", "--", "sh", "-c", script]);
    let task = wait_for(&home, &id, has_ended);
    assert_eq!(stop(worker).code, Some(0));
    // It was cut before its end, so it is text.
    let output = task["result"]["output"].as_str().expect("a text");
    assert!(output.starts_with("{\"a\": \"xxx") && output.len() == 1 << 16, "{}", output.len());
}

#[test]
fn a_stopped_worker_finishes_its_commands_and_claims_no_other() {
    for name in ["TERM", "INT"] {
        let home = Home::new();
        let first = enqueue(&home, &["k"]);
        let worker = start(&home, &["k", "--", "sh", "-c", "touch began; sleep 2; echo done"]);
        wait_for(&home, &first, |task| task["status"] == "running");
        while !home.path("began").exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let second = enqueue(&home, &["k"]);
        signal(&worker, name);
        let answer = Answer::from(worker.wait_with_output().expect("the worker ends"));
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert_eq!(show(&home, &first)["result"], json!({"output": "done"}));
        let task = show(&home, &second);
        assert_eq!((&task["status"], &task["attempts"]), (&json!("queued"), &json!(0)));
    }
}

#[test]
fn commands_that_are_stopped_with_the_worker_release_their_tasks() {
    let home = Home::new();
    let id = enqueue(&home, &["k"]);
    // The command also stops its worker: the signal arrives there first.
    let script = "kill -s TERM $PPID; sleep 0.5; kill -s TERM $$; sleep 60";
    let worker = start(&home, &["k", "--", "sh", "-c", script]);
    let answer = Answer::from(worker.wait_with_output().expect("the worker ends"));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.err, format!("released k {id}\n"));
    let task = show(&home, &id);
    assert_eq!((&task["status"], &task["attempts"]), (&json!("queued"), &json!(0)));
}

#[test]
fn several_commands_run_at_a_time() {
    let home = Home::new();
    let ids: Vec<_> = (0..3).map(|_| enqueue(&home, &["k"])).collect();
    // Each waits for the other ones.
    let script = "touch $CHATKEEP_TASK_ID.began
        while [ $(ls | grep -c began) -lt 3 ]; do sleep 0.05; done";
    let worker = start(&home, &["k", "--concurrency", "3", "--", "sh", "-c", script]);
    for id in &ids {
        assert_eq!(wait_for(&home, id, has_ended)["status"], json!("completed"));
    }
    assert_eq!(stop(worker).code, Some(0));
}

#[test]
fn commands_of_cancelled_tasks_are_stopped() {
    let home = Home::new();
    let id = enqueue(&home, &["k"]);
    let worker = start(&home, &["k", "--lease", "1", "--", "sleep", "60"]);
    wait_for(&home, &id, |task| task["status"] == "running");
    home.run_ok(&["tasks", "cancel", &id]);
    let task = wait_for(&home, &id, has_ended);
    assert_eq!(task["status"], json!("cancelled"));
    assert!(task["error"].as_str().expect("an error").starts_with("signal: 15"), "{task}");
    assert_eq!(stop(worker).code, Some(0));
}

#[test]
fn commands_that_cannot_be_started_end_the_worker() {
    let home = Home::new();
    let id = enqueue(&home, &["k"]);
    let answer = home.run(&["tasks", "work", "k", "--", "./missing"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.err.contains("./missing"), "{answer:?}");
    let task = show(&home, &id);
    assert_eq!((&task["status"], &task["attempts"]), (&json!("queued"), &json!(0)));
    for (arguments, field) in [
        (&["", "--", "true"][..], "KIND"),
        (&["k", "--lease", "0", "--", "true"], "--lease"),
        (&["k", "--worker", "", "--", "true"], "--worker"),
    ] {
        let answer = home.run(&[&["tasks", "work", "--json"], arguments].concat());
        assert_eq!(answer.code, Some(2), "{answer:?}");
        let found = answer.error()["field"].as_str().expect("a field").to_owned();
        assert!(found.starts_with(field), "{found}");
    }
    assert_eq!(home.run(&["tasks", "work", "k"]).code, Some(2));
}
