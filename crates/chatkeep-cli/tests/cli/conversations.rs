//! Tests of `conversations` and `streams`.

use serde_json::{Value, json};

use crate::command::Home;

/// Returns the export file of Claude with this many conversations.
fn claude(count: usize) -> String {
    let conversations = (1..=count).map(|n| {
        json!({
            "uuid": format!("c-{n}"), "name": format!("预写日志 {n}"),
            "created_at": format!("2024-05-{n:02}T10:00:00Z"), "updated_at": null,
            "chat_messages": [
                { "sender": "human", "text": "What is WAL?",
                  "created_at": format!("2024-05-{n:02}T10:00:01Z") },
                { "sender": "assistant", "created_at": format!("2024-05-{n:02}T10:00:02Z"),
                  "content": [{ "type": "tool_use", "name": "search", "input": {} }, {
                    "type": "text",
                    "text": format!("先写日志。{}", "a long answer ".repeat(20)),
                  }] },
            ],
        })
    });
    Value::from_iter(conversations).to_string()
}

#[test]
fn conversations_are_imported_listed_and_shown() {
    let home = Home::new();
    assert_eq!(home.run(&["conversations", "list"]).err, "no conversations\n");
    home.run_ok(&["users", "create", "--email", "ada@example.org"]);
    let file = home.write("conversations.json", claude(3));
    let import = ["conversations", "import", &file, "--user", "ada@example.org"];
    let dry_run = home.run_ok(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        dry_run,
        format!("{file}: 3 conversations, 3 to be stored with 3 turns and 3 items\n")
    );
    assert_eq!(home.count(), 0);
    let stored = home.run_ok(&import);
    assert_eq!(stored, format!("{file}: 3 conversations, 3 stored with 3 turns and 3 items\n"));
    let again = home.run_ok(&import);
    assert!(again.ends_with("0 stored with 0 turns and 0 items, 3 already stored\n"), "{again}");
    assert_eq!(home.count(), 3);

    let list = home.run_ok(&["conversations", "list", "--user", "ada@example.org"]);
    let rows: Vec<_> = list.lines().skip(2).collect();
    let ids: Vec<_> = rows.iter().map(|row| &row[..4]).collect();
    assert_eq!(ids, ["c-3 ", "c-2 ", "c-1 "], "{list}");
    assert!(rows[0].starts_with("c-3 ") && rows[0].ends_with("2024-05-03 10:00"), "{list}");
    assert!(rows[0].contains("预写日志 3"), "{list}");
    let shown = home.run_ok(&["conversations", "show", "c-1"]);
    let expected = [
        "预写日志 1\n",
        "\nuser · 2024-05-01 10:00\n  What is WAL?\n",
        "\nassistant · 2024-05-01 10:00 · tool_use\n  {\"input\":{},\"name\":\"search\"}\n",
        "\nassistant · anthropic\n  先写日志。a long answer ",
    ];
    for part in expected {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let json = home.run_json(&["conversations", "show", "c-1", "--last", "1"]);
    assert_eq!(json["conversation"]["title"], "预写日志 1");
    assert_eq!(
        (json["turns"].as_array().map(Vec::len), &json["items"][0]["kind"]),
        (Some(1), &json!("tool_use"))
    );
}

#[test]
fn unknown_conversations_are_errors() {
    let home = Home::new();
    for arguments in [
        &["show", "c-1"][..],
        &["rename", "c-1", "title"],
        &["archive", "c-1"],
        &["delete", "c-1", "--yes"],
        &["export", "--id", "c-1"],
    ] {
        let answer = home.run(&[&["conversations"], arguments].concat());
        assert_eq!(
            (answer.code, answer.err.as_str()),
            (Some(1), "error: ID: conversation \"c-1\" not found\n"),
            "{arguments:?}"
        );
    }
    let answer = home.run(&["conversations", "list", "--user", "eve"]);
    assert_eq!(answer.err, "error: --user: user \"eve\" not found\n");
    let answer = home.run(&["streams", "cancel", "s-1"]);
    assert_eq!(answer.err, "error: ID: stream \"s-1\" not found\n");
    assert_eq!(home.run(&["streams", "list"]).err, "no streams\n");
}

#[test]
fn exports_are_imported_into_another_database() {
    let home = Home::new();
    let file = home.write("conversations.json", claude(5));
    home.run_ok(&["conversations", "import", &file]);
    home.run_ok(&["conversations", "archive", "c-2"]);
    let text = home.run_ok(&["conversations", "export", "chats.jsonl"]);
    assert_eq!(text, "exported 5 conversations with 5 turns and 5 items to chats.jsonl\n");
    let lines = home.read("chats.jsonl");
    assert_eq!(lines.lines().count(), 5);
    assert!(
        lines.starts_with(r#"{"public_id":"c-1","user_id":null,"title":"预写日志 1","#),
        "{lines}"
    );
    assert_eq!(home.run(&["conversations", "export", "chats.jsonl"]).code, Some(2));
    let one = home.run(&["conversations", "export", "--id", "c-4"]);
    assert_eq!(Some(one.out.trim_end()), lines.lines().nth(3));

    let other = Home::new();
    let answer = other.run_on(&lines, &["conversations", "import", "-"]);
    assert_eq!(answer.out, "standard input: 5 conversations, 5 stored with 5 turns and 5 items\n");
    let exported = other.run_ok(&["conversations", "export"]);
    assert_eq!(exported, lines);
    assert_eq!(
        other.run_json(&["conversations", "list", "--archived"])["conversations"][0]["public_id"],
        "c-2"
    );
}

#[test]
fn invalid_files_and_conversations_are_reported_with_their_position() {
    let home = Home::new();
    let mut file: Value = serde_json::from_str(&claude(3)).expect("JSON");
    file[1]["chat_messages"][0]["sender"] = 5.into();
    let path = home.write("conversations.json", file.to_string());
    let answer = home.run(&["conversations", "import", &path]);
    assert_eq!(answer.code, Some(1));
    assert!(
        answer.out.starts_with(&format!("{path}, conversation 2 (c-2): invalid type: ")),
        "{answer:?}"
    );
    assert!(answer.out.ends_with("2 stored with 2 turns and 2 items, 1 invalid\n"), "{answer:?}");

    let text = claude(3);
    let path = home.write("cut.json", &text[..text.len() - 5]);
    let answer = home.run(&["conversations", "import", &path]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.err.starts_with(&format!("error: {path}: is truncated: ")), "{answer:?}");
    assert!(answer.err.contains("stored before this position: 1 conversation"), "{answer:?}");
    let good = home.write("good.json", claude(4));
    let answer = home.run(&["conversations", "import", &good, &path]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.out.starts_with(&format!("{good}: 4 conversations, 1 stored")), "{answer:?}");
    assert!(answer.err.starts_with(&format!("error: {path}: is truncated: ")), "{answer:?}");
    let more = home.write("more.json", claude(6));
    let answer = home.run(&["conversations", "import", &more, "missing.json"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{answer:?}");
    assert_eq!(home.count(), 4, "nothing is stored if a file is missing");
    let answer = home.run_on("PK\u{3}\u{4}", &["conversations", "import", "-"]);
    assert!(answer.err.contains("is compressed"), "{answer:?}");
    assert_eq!(home.run(&["conversations", "import", "missing.json"]).code, Some(1));
}

#[test]
fn conversations_are_renamed_archived_deleted_and_pruned() {
    let home = Home::new();
    let file = home.write("conversations.json", claude(3));
    home.run_ok(&["conversations", "import", &file]);
    let text = home.run_ok(&["conversations", "rename", "c-1", "new"]);
    assert_eq!(text, "renamed conversation c-1\n");
    assert_eq!(home.run(&["conversations", "rename", "c-1", &"t".repeat(256)]).code, Some(2));
    assert_eq!(home.run(&["conversations", "rename", "c-1"]).code, Some(2));
    home.run_ok(&["conversations", "rename", "c-1", "--none"]);
    assert!(home.run_ok(&["conversations", "list"]).contains("(no title)"));
    assert_eq!(home.run_ok(&["conversations", "archive", "c-1"]), "archived conversation c-1\n");
    assert_eq!(home.run(&["conversations", "archive", "c-1"]).err, "it was already archived\n");
    assert!(!home.run_ok(&["conversations", "list"]).contains("c-1"));
    home.run_ok(&["conversations", "archive", "c-1", "--undo"]);
    home.run_ok(&["conversations", "archive", "c-2"]);
    assert_eq!(home.run(&["conversations", "delete", "c-3"]).code, Some(2));
    home.run_ok(&["conversations", "delete", "c-3", "--yes"]);
    assert_eq!(home.count(), 2);

    let prune = ["conversations", "prune", "--older-than", "30d"];
    let text = home.run_ok(&[&prune[..], &["--dry-run"]].concat());
    assert_eq!(text, "would delete 2 conversations without activity for 30 days\n");
    assert_eq!(home.run(&prune).code, Some(2));
    let text = home.run_ok(&[&prune[..], &["--yes"]].concat());
    assert_eq!(text, "deleted 2 conversations without activity for 30 days\n");
    assert_eq!(home.count(), 0);
    let answer = home.run(&["conversations", "prune", "--older-than", "0", "--dry-run"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

#[test]
fn streams_are_listed_shown_and_cancelled() {
    let home = Home::new();
    let created = home.run_ok(&["call", "streams.create_stream", "model=gpt-4o"]);
    let created: Value = serde_json::from_str(&created).expect("JSON");
    let id = created["public_id"].as_str().expect("an id");
    home.run_ok(&["call", "streams.append", &format!("stream_id={id}"), "text=预写日志"]);
    let list = home.run_ok(&["streams", "list", "--running"]);
    assert!(list.contains(id) && list.contains("gpt-4o") && list.contains("running"), "{list}");
    let shown = home.run_ok(&["streams", "show", id]);
    assert!(shown.contains("Chunks   1\n") && shown.ends_with("\n\n预写日志\n"), "{shown}");
    let text = home.run_ok(&["streams", "cancel", id]);
    assert_eq!(text, format!("requested the cancellation of stream {id}\n"));
    let answer = home.run(&["streams", "cancel", id]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
}
