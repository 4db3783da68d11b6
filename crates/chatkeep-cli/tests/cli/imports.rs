//! Tests of `messages import`: complete files, invalid lines, and continuing after them.

use std::fmt::Write as _;

use serde_json::json;

use crate::command::Home;

/// Returns valid lines.
fn lines(count: usize) -> String {
    let mut out = String::new();
    for n in 1..=count {
        let time = format!("2024-05-01T10:00:{:02}.{n:06}+00:00", n % 60);
        let _ = writeln!(
            out,
            "{{\"timestamp\": \"{time}\", \"user_message\": \"message {n} 👋🏽\", \"tokens_used\": \
             {n}}}"
        );
    }
    out
}

fn with_line(count: usize, bad: usize, line: &[u8]) -> Vec<u8> {
    let text = lines(count);
    let mut all: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    all[bad - 1] = line;
    all.join(&b'\n')
}

#[test]
fn imports_store_and_count_all_messages() {
    let home = Home::new();
    let file = home.write("chats.jsonl", lines(1_203));
    let text = home.run_ok(&["messages", "import", &file, "--batch", "100"]);
    assert!(text.starts_with("imported 1,203 messages in ") && text.ends_with('\n'), "{text}");
    assert_eq!(home.count(), 1_203);
    let answer = home.run_json(&["messages", "import", &file]);
    assert_eq!((&answer["imported"], &answer["lines"]), (&json!(1_203), &json!(1_203)));
}

#[test]
fn standard_input_blank_lines_and_crlf_are_supported() {
    let home = Home::new();
    let text = format!("\u{feff}{}\n\n  \n", lines(3).replace('\n', "\r\n"));
    let answer = home.run_on(text, &["messages", "import", "-"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(home.count(), 3);
    let answer = home.run_on("", &["messages", "import", "-"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), "no messages in standard input\n"));
}

#[test]
fn imports_stop_at_the_first_invalid_line() {
    let long = format!("{{\"user_message\": \"x\", \"provider\": \"{}\"}}", "p".repeat(51));
    let bad: &[(&str, &[u8])] = &[
        ("truncated", b"{\"user_message\": \"What is W"),
        ("not UTF-8", b"{\"user_message\": \"caf\xe9\"}"),
        ("an unknown key", b"{\"user_message\": \"x\", \"colour\": \"red\"}"),
        ("a wrong type", b"{\"user_message\": \"x\", \"tokens_used\": \"many\"}"),
        ("a NUL", b"{\"user_message\": \"a\\u0000b\"}"),
        ("a lone surrogate", b"{\"user_message\": \"\\ud800\"}"),
        ("metadata that is a list", b"{\"user_message\": \"x\", \"metadata\": [1]}"),
        ("no message", b"{\"provider\": \"openai\"}"),
        ("no object", b"[1, 2]"),
        ("a provider that is too long", long.as_bytes()),
    ];
    for (case, line) in bad {
        let home = Home::new();
        let file = home.write("chats.jsonl", with_line(9, 7, line));
        let answer = home.run(&["messages", "import", &file, "--batch", "4"]);
        assert_eq!(answer.code, Some(1), "{case}: {answer:?}");
        assert!(
            answer.err.starts_with(&format!("error: {file}, line 7: ")),
            "{case}: {}",
            answer.err
        );
        assert!(
            answer.err.ends_with(
                "hint: 6 messages were stored before it; fix the line, then continue with \
                 --from-line 7\n"
            ),
            "{case}: {}",
            answer.err
        );
        assert_eq!(home.count(), 6, "{case}");

        home.write("chats.jsonl", lines(9));
        home.run_ok(&["messages", "import", &file, "--from-line", "7"]);
        assert_eq!(home.count(), 9, "{case}: no message is stored twice");
        let numbers = home.run_json(&["messages", "list"]);
        let mut numbers: Vec<_> = numbers
            .as_array()
            .expect("an array")
            .iter()
            .map(|row| row["tokens_used"].as_i64())
            .collect();
        numbers.sort();
        assert_eq!(numbers, (1..=9).map(Some).collect::<Vec<_>>(), "{case}");
    }
}

#[test]
fn json_errors_name_the_line_to_continue_from() {
    let home = Home::new();
    let file = home.write("chats.jsonl", with_line(3, 2, b"{\"user_message\": 7}"));
    let error = home.run(&["messages", "import", &file, "--json"]).error();
    assert_eq!(error["kind"], "InvalidInput");
    assert_eq!(error["retryable"], false);
    assert_eq!(
        (&error["line"], &error["stored"], &error["continue_from"]),
        (&json!(2), &json!(1), &json!(2))
    );
    assert!(error["message"].as_str().is_some_and(|text| text.contains(", line 2: ")), "{error}");
}

#[test]
fn an_invalid_first_line_stores_nothing() {
    let home = Home::new();
    let answer = home.run_on("nonsense\n", &["messages", "import", "-"]);
    assert_eq!(answer.code, Some(1));
    assert!(
        answer.err.contains("hint: nothing was stored; fix the line, then import again\n"),
        "{}",
        answer.err
    );
    let answer = home.run_on(b"\x1f\x8b\x08\x00rest", &["messages", "import", "-"]);
    assert!(answer.err.contains("zcat"), "{}", answer.err);
    assert_eq!(home.count(), 0);
}

#[test]
fn dry_runs_list_invalid_lines_without_a_database() {
    let home = Home::new();
    let mut text = lines(5);
    text.push_str(&"{\"user_message\": 1}\n".repeat(25));
    text.push_str(&format!("{{\"user_message\": \"x\", \"model\": \"{}\"}}\n", "m".repeat(101)));
    let file = home.write("chats.jsonl", text);
    let answer = home.run(&["messages", "import", &file, "--dry-run"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        answer.out.lines().filter(|line| line.starts_with("line ")).count(),
        20,
        "{}",
        answer.out
    );
    assert!(answer.out.starts_with("line 6: "), "{}", answer.out);
    assert!(
        answer.out.ends_with("6 more\n5 messages can be imported, 26 lines invalid\n"),
        "{}",
        answer.out
    );
    assert!(!home.path("chat.db").exists());

    let good = home.write("good.jsonl", lines(5));
    assert_eq!(
        home.run_ok(&["messages", "import", &good, "--dry-run"]),
        "5 messages can be imported\n"
    );
    let expected = json!({ "dry_run": true, "messages": 5, "bad_lines": 0, "bad": [] });
    assert_eq!(home.run_json(&["messages", "import", &good, "--dry-run"]), expected);
    assert!(!home.path("chat.db").exists());
}

#[test]
fn unreadable_files_are_named() {
    let home = Home::new();
    let answer = home.run(&["messages", "import", "missing.jsonl"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: missing.jsonl: No such file or directory\n")
    );
    let answer = home.run(&["messages", "import", "."]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(1), "error: .: Is a directory\n"));
    assert!(!home.path("chat.db").exists());
    assert_eq!(home.run(&["messages", "import", "x", "--from-line", "0"]).code, Some(2));
}

#[test]
fn oversized_lines_are_rejected_in_bounded_memory() {
    let home = Home::new();
    let mut child = home.start(&["messages", "import", "-", "--dry-run", "--json"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..80 {
        std::io::Write::write_all(&mut stdin, &piece).expect("the command reads on");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    std::io::Write::write_all(&mut stdin, format!("\n{}", lines(1)).as_bytes())
        .expect("the command reads on");
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&answer["messages"], &answer["bad"][0]["message"]),
        (&json!(1), &json!("exceeds 64 MiB"))
    );
    // On Linux, check the peak memory.
    if let Some(peak) = status.ok().as_deref().and_then(peak_kilobytes) {
        assert!(peak < 160_000, "{peak} KB");
    }
}

fn peak_kilobytes(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn conversations_and_users_of_another_database_are_dropped_unless_asked() {
    let home = Home::new();
    let line = r#"{"user_message": "hi", "conversation_id": 1, "user_id": 2}"#;
    let file = home.write("chats.jsonl", format!("{line}\n{{\"user_message\": \"b\"}}\n"));
    let answer = home.run_json(&["messages", "import", &file]);
    assert_eq!((&answer["imported"], &answer["references_dropped"]), (&json!(2), &json!(1)));
    let answer = home.run_json(&["messages", "import", &file, "--keep-references"]);
    assert_eq!(answer["references_dropped"], json!(0));
    let export = home.run_ok(&["messages", "export"]);
    assert_eq!(export.matches("\"conversation_id\":1").count(), 1, "{export}");
}
