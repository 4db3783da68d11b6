//! Tests of `tasks list`, `show`, `enqueue`, `cancel`, `retry`, `stats` and `prune`.

use serde_json::{Value, json};

use crate::command::Home;

fn enqueue(home: &Home, arguments: &[&str]) -> String {
    let id = home.run_ok(&[&["tasks", "enqueue"], arguments].concat());
    id.strip_suffix('\n').expect("a line").to_owned()
}

/// Claims a task of a kind, and returns its id and the token of its lease.
fn claim(home: &Home, kind: &str) -> (String, String) {
    let kinds = format!("kinds=[{kind:?}]");
    let claimed = home.run_ok(&["call", "tasks.claim_tasks", &kinds, "worker=w-1"]);
    let claimed: Value = serde_json::from_str(&claimed).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&claimed[0]["task"]["public_id"]), text(&claimed[0]["lease_token"]))
}

#[test]
fn tasks_are_enqueued_once_for_each_key() {
    let home = Home::new();
    let user = home.run_ok(&["users", "create", "--email", "ada@example.org"]);
    let options =
        ["--key", "k", "--user", "ada@example.org", "--priority", "-7", "--max-attempts", "1"];
    let arguments = [&["title", r#"{"b": 1, "a": "é😀"}"#], &options[..]].concat();
    let id = enqueue(&home, &arguments);
    assert_eq!(enqueue(&home, &arguments), id);
    let shown = home.run_json(&["tasks", "show", &id]);
    for (key, value) in [
        ("kind", json!("title")),
        ("input", json!({"a": "é😀", "b": 1})),
        ("user_id", json!(user.trim_end())),
        ("priority", json!(-7)),
        ("max_attempts", json!(1)),
        ("idempotency_key", json!("k")),
        ("status", json!("queued")),
    ] {
        assert_eq!(shown[key], value, "{key}");
    }
    let other = home.run(&["tasks", "enqueue", "title", "{}", "--key", "k", "--json"]);
    assert_eq!(other.code, Some(1), "{other:?}");
    assert_eq!(
        (&other.error()["kind"], &other.error()["field"]),
        (&json!("Conflict"), &json!("--key"))
    );
    let id = home.run_on(r#"{"n": 1}"#, &["tasks", "enqueue", "stdin", "-"]);
    let shown = home.run_json(&["tasks", "show", id.out.trim_end()]);
    assert_eq!(shown["input"], json!({"n": 1}));
}

#[test]
fn invalid_values_name_the_argument() {
    let home = Home::new();
    for (arguments, field) in [
        (&["", "{}"][..], "KIND"),
        (&["k", "[1]"], "INPUT"),
        (&["k", "{"], "INPUT"),
        (&["k", "--priority", "1001"], "--priority"),
        (&["k", "--delay", "-1"], "--delay"),
        (&["k", "--max-attempts", "0"], "--max-attempts"),
        (&["k", "--key", ""], "--key"),
        (&["k", "--user", "nobody@example.org"], "--user"),
        (&["k", "--run-at", "tomorrow"], "--run-at"),
    ] {
        let answer = home.run(&[&["tasks", "enqueue", "--json"], arguments].concat());
        assert!(matches!(answer.code, Some(1 | 2)), "{arguments:?}: {answer:?}");
        assert_eq!(answer.error()["field"], field, "{arguments:?}: {answer:?}");
    }
    let both = home.run(&["tasks", "enqueue", "k", "--delay", "1", "--run-at", "2030-01-01"]);
    assert_eq!(both.code, Some(2), "{both:?}");
    assert_eq!(home.run(&["tasks", "list"]).err, "no tasks\n");
    assert_eq!(home.run(&["tasks", "stats"]).err, "no tasks\n");
    for command in ["show", "cancel", "retry"] {
        let answer = home.run(&["tasks", command, "none", "--json"]);
        assert_eq!((answer.code, &answer.error()["kind"]), (Some(1), &json!("NotFound")));
    }
}

#[test]
fn tasks_are_listed_and_counted_by_kind_and_state() {
    let home = Home::new();
    let first = enqueue(&home, &["title"]);
    let second =
        enqueue(&home, &["a kind\u{1b} that is far too long to be shown at eighty columns"]);
    let (claimed, token) = claim(&home, "title");
    assert_eq!(claimed, first);
    let arguments = [format!("task_id={first}"), format!("lease_token={token}")];
    let call = ["call", "tasks.fail_task", &arguments[0], &arguments[1]];
    home.run_ok(&[&call[..], &["error=no answer\u{1b}", "is_final=true"]].concat());

    let list = home.run_ok(&["tasks", "list"]);
    let rows: Vec<&str> = list.lines().skip(2).collect();
    assert!(rows[0].starts_with(&second) && rows[0].ends_with("queued"), "{list}");
    assert!(rows[1].starts_with(&first) && rows[1].ends_with("failed"), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    assert!(!list.contains('\u{1b}'), "{list}");
    for (options, expected) in [
        (&["--status", "failed"][..], &first),
        (&["--status", "queued"], &second),
        (&["--kind", "title"], &first),
    ] {
        let page = home.run_json(&[&["tasks", "list"], options].concat());
        assert_eq!(page["tasks"][0]["public_id"], json!(expected), "{options:?}");
        assert_eq!(page["tasks"].as_array().map(Vec::len), Some(1), "{options:?}");
    }
    let page = home.run(&["tasks", "list", "--limit", "1"]);
    let (_, cursor) = page.err.trim_end().split_once("--cursor ").expect("a cursor");
    let rest = home.run_json(&["tasks", "list", "--limit", "1", "--cursor", cursor]);
    assert_eq!(
        (&rest["tasks"][0]["public_id"], &rest["next_cursor"]),
        (&json!(first), &Value::Null)
    );

    let shown = home.run_ok(&["tasks", "show", &first]);
    for part in ["failed", "1 of 3", "w-1", "no answer\\u{1b}"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains(&token), "{shown}");
    let stats = home.run_ok(&["tasks", "stats"]);
    assert!(stats.lines().count() == 4 && stats.contains("title"), "{stats}");
    let stats = home.run_json(&["tasks", "stats"]);
    let expected = json!({"queued": 0, "running": 0, "completed": 0, "failed": 1, "cancelled": 0});
    assert_eq!(stats["title"], expected);
}

#[test]
fn tasks_are_cancelled_and_queued_again() {
    let home = Home::new();
    let id = enqueue(&home, &["title"]);
    assert_eq!(home.run_ok(&["tasks", "cancel", &id]), format!("cancelled task {id}\n"));
    assert_eq!(home.run_ok(&["tasks", "retry", &id]), format!("queued task {id}\n"));
    let answer = home.run(&["tasks", "retry", &id, "--json"]);
    assert_eq!((answer.code, &answer.error()["field"]), (Some(1), &json!("ID")), "{answer:?}");
    let (_, token) = claim(&home, "title");
    let requested = home.run_ok(&["tasks", "cancel", &id]);
    assert_eq!(requested, format!("requested the cancellation of task {id}\n"));
    let arguments = [format!("task_id={id}"), format!("lease_token={token}")];
    home.run_ok(&["call", "tasks.complete_task", &arguments[0], &arguments[1]]);
    let answer = home.run(&["tasks", "cancel", &id]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("it is completed"), "{}", answer.err);
    let pruned = home.run_ok(&["tasks", "prune"]);
    assert_eq!(pruned, "deleted 0 tasks that ended more than 30 days ago\n");
    let pruned = home.run_json(&["tasks", "prune", "--older-than", "2w"]);
    assert_eq!(pruned, json!({"deleted": 0, "older_than_days": 14}));
    assert_eq!(home.run(&["tasks", "prune", "--older-than", "0d"]).code, Some(2));
}
