//! Tests of `messages export`: formats, complete files, and closed pipes.

use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};

use crate::command::Home;

const LINES: &str = concat!(
    r#"{"timestamp": "2024-05-02T10:00:00.000001+00:00", "user_message": "later", "#,
    r#""bot_response": "yes", "provider": "openai", "model": "gpt-4o", "tokens_used": 7, "#,
    r#""metadata": {"n": 9007199254740993, "deep": {"a": [1, null]}}}"#,
    "\n",
    r#"{"timestamp": "2024-05-01T10:00:00+02:00", "#,
    r#""user_message": "first 👨‍👩‍👧‍👦 \u001b[31m\tשלום", "bot_response": null, "metadata": null}"#,
    "\n",
    r#"{"timestamp": "2024-05-02T10:00:00.000001+00:00", "user_message": "same time", "#,
    r#""bot_response": ""}"#,
    "\n",
);

fn sample() -> Home {
    let home = Home::new();
    let answer = home.run_on(LINES, &["messages", "import", "-"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    home
}

fn texts(jsonl: &str) -> Vec<String> {
    let rows = jsonl.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.map(|row| row["user_message"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn exports_are_oldest_first_with_every_key_in_order() {
    let home = sample();
    let text = home.run_ok(&["messages", "export"]);
    assert_eq!(texts(&text), ["first 👨‍👩‍👧‍👦 \u{1b}[31m\tשלום", "later", "same time"]);
    let second = text.lines().nth(1).expect("a line");
    let expected = concat!(
        r#"{"timestamp":"2024-05-02T10:00:00.000001+00:00","user_message":"later","#,
        r#""bot_response":"yes","provider":"openai","model":"gpt-4o","tokens_used":7,"metadata":{"#
    );
    assert!(second.starts_with(expected), "{second}");
    let row: Value = serde_json::from_str(second).expect("JSON");
    assert_eq!(
        row["metadata"],
        json!({ "n": 9_007_199_254_740_993_i64, "deep": { "a": [1, null] } })
    );
    assert!(text.starts_with("{\"timestamp\":\"2024-05-01T08:00:00.000000+00:00\","), "{text}");
}

#[test]
fn exported_messages_are_imported_unchanged() {
    let home = sample();
    let first = home.run_ok(&["messages", "export"]);
    let other = Home::new();
    assert_eq!(other.run_on(&first, &["messages", "import", "-"]).code, Some(0));
    assert_eq!(other.run_ok(&["messages", "export", "-"]), first);
}

#[test]
fn exports_support_filters_order_and_ids() {
    let home = sample();
    assert_eq!(texts(&home.run_ok(&["messages", "export", "--provider", "openai"])), ["later"]);
    let newest = home.run_ok(&["messages", "export", "--newest-first", "--with-ids"]);
    assert_eq!(texts(&newest)[0], "same time");
    assert!(newest.starts_with("{\"id\":3,"), "{newest}");
    let answer = home.run(&["messages", "export", "--newest-first", "--format", "alpaca"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

#[test]
fn fine_tuning_formats_omit_messages_without_response() {
    let home = sample();
    let first = |format| {
        let text = home.run_ok(&["messages", "export", "--format", format]);
        serde_json::from_str::<Value>(text.lines().next().expect("a line")).expect("JSON")
    };
    let messages = json!({ "messages": [
        { "role": "user", "content": "later" },
        { "role": "assistant", "content": "yes" },
    ] });
    assert_eq!(first("openai"), messages);
    assert_eq!(first("alpaca"), json!({ "instruction": "later", "input": "", "output": "yes" }));
    let conversations = json!({ "conversations": [
        { "from": "human", "value": "later" },
        { "from": "gpt", "value": "yes" },
    ] });
    assert_eq!(first("sharegpt"), conversations);
}

#[test]
fn existing_files_are_replaced_only_with_force() {
    let home = sample();
    assert_eq!(
        home.run_ok(&["messages", "export", "out.jsonl"]),
        "exported 3 messages to out.jsonl\n"
    );
    home.write("out.jsonl", "precious");
    let answer = home.run(&["messages", "export", "out.jsonl"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(2), "error: out.jsonl already exists\nhint: use --force to replace it\n")
    );
    assert_eq!(home.read("out.jsonl"), "precious");
    let answer = home.run_json(&["messages", "export", "out.jsonl", "--force"]);
    assert_eq!(answer, json!({ "exported": 3, "file": "out.jsonl" }));
    assert_eq!(texts(&home.read("out.jsonl")).len(), 3);
    assert_eq!(home.files(), ["out.jsonl"]);
}

#[test]
fn failed_exports_leave_no_file() {
    let home = Home::new();
    home.write("chat.db", "this is not a database, but long enough to be one".repeat(100));
    let answer = home.run(&["messages", "export", "out.jsonl"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(home.files(), <[String; 0]>::default());
    let answer = sample().run(&["messages", "export", "no/such/folder.jsonl"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: no/such/folder.jsonl: No such file or directory\n")
    );
}

#[test]
fn full_disks_are_reported() {
    // Only Linux has this device.
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let answer = sample().run(&["messages", "export", "/dev/full"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: /dev/full: No space left on device\n")
    );
    let home = sample();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let output =
        home.command(&["messages", "list"]).stdout(full).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn closed_pipes_end_the_command_silently() {
    let home = Home::new();
    let line =
        format!("{{\"user_message\": \"{}\", \"bot_response\": \"yes\"}}\n", "x".repeat(2_000));
    assert_eq!(home.run_on(line.repeat(1_000), &["messages", "import", "-"]).code, Some(0));
    for format in ["jsonl", "openai"] {
        let mut child = home.start(&["messages", "export", "--format", format]);
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        reader.read_line(&mut String::new()).expect("a line");
        drop(reader);
        let output = child.wait_with_output().expect("the command ends");
        assert_eq!(output.status.code(), Some(141), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
    let mut child = home.start(&["messages", "list", "--json", "--limit", "1000"]);
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("the command ends").code(), Some(141));
}
