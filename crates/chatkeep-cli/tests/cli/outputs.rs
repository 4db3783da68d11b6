//! Tests of output files: never the database itself, private, and pipes.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Stdio;

use serde_json::json;

use crate::command::{Answer, Home};

fn filled() -> Home {
    let home = Home::new();
    home.run_ok(&["messages", "log", "What is WAL?", "--response", "A log."]);
    home.run_ok(&["tokens", "create"]);
    home
}

fn mode(home: &Home, name: &str) -> u32 {
    fs::metadata(home.path(name)).expect("a file").permissions().mode() & 0o7777
}

const WRITING: [&[&str]; 4] = [
    &["messages", "export", "--force"],
    &["messages", "export", "--format", "openai", "--force"],
    &["db", "backup", "--force"],
    &["db", "backup", "--format", "sqlite", "--force"],
];

#[test]
fn the_database_is_rejected_as_output_under_every_path() {
    let home = filled();
    symlink(home.path("chat.db"), home.path("link")).expect("a link");
    fs::hard_link(home.path("chat.db"), home.path("hard")).expect("a link");
    fs::create_dir(home.path("folder")).expect("a folder");
    let paths = [
        "chat.db",
        "./folder/../chat.db",
        "link",
        "hard",
        "chat.db-wal",
        "chat.db-shm",
        "chat.db-journal",
    ];
    for path in paths {
        for command in WRITING {
            let arguments: Vec<_> = command.iter().copied().chain([path]).collect();
            let answer = home.run(&arguments);
            assert_eq!(answer.code, Some(2), "{arguments:?}: {answer:?}");
            let is_reported = ["the database itself", "not a SQLite file"]
                .iter()
                .any(|text| answer.err.contains(text));
            assert!(is_reported, "{arguments:?}: {answer:?}");
            assert_eq!(home.count(), 1, "{arguments:?}");
        }
    }
}

/// Runs a command with standard output appended to this file.
fn append(home: &Home, arguments: &[&str], name: &str) -> Answer {
    let file = OpenOptions::new().append(true).create(true).open(home.path(name)).expect("opened");
    let child =
        home.command(arguments).stdout(Stdio::from(file)).spawn().expect("the command starts");
    Answer::from(child.wait_with_output().expect("the command ends"))
}

#[test]
fn the_database_is_rejected_as_standard_output() {
    let home = filled();
    let before = fs::read(home.path("chat.db")).expect("read");
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        for command in WRITING {
            let arguments: Vec<_> = command.iter().copied().chain([name]).collect();
            let answer = append(&home, &arguments, "chat.db");
            assert_eq!(answer.code, Some(2), "{arguments:?}: {answer:?}");
            assert!(fs::read(home.path("chat.db")).expect("read") == before, "{arguments:?}");
        }
    }
    assert_eq!(home.count(), 1);
}

#[test]
fn standard_output_is_appended_to_under_every_name() {
    let home = filled();
    let line = home.run_ok(&["messages", "export"]);
    for (number, name) in
        ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].into_iter().enumerate()
    {
        let answer = append(&home, &["messages", "export", name], "out.jsonl");
        assert_eq!(answer.code, Some(0), "{name}: {answer:?}");
        assert_eq!(home.read("out.jsonl"), line.repeat(number + 1), "{name}");
    }
}

#[test]
fn backups_can_be_piped() {
    let home = filled();
    let file = File::create(home.path("piped.tar.zst")).expect("a file");
    let child = home
        .command(&["db", "backup", "-", "--json"])
        .stdout(file)
        .spawn()
        .expect("the command starts");
    let answer = Answer::from(child.wait_with_output().expect("the command ends"));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(
        home.run_json(&["db", "restore", "piped.tar.zst", "--dry-run"])["content"]["messages"]["rows"],
        1
    );
    // Errors name the alternative.
    let refused = home.run(&["db", "backup", "-", "--format", "sqlite"]);
    assert_eq!((refused.code, refused.err.contains("name a file")), (Some(2), true), "{refused:?}");
    let refused = home.run_on("", &["db", "restore", "-"]);
    assert_eq!(
        (refused.code, refused.err.contains("write it to a file")),
        (Some(2), true),
        "{refused:?}"
    );
}

#[test]
fn leftover_files_next_to_a_new_sqlite_file_are_rejected() {
    let home = filled();
    for suffix in ["-wal", "-shm", "-journal"] {
        let left = home.write(&format!("copy.db{suffix}"), "of a program that was killed");
        for force in [&[][..], &["--force"]] {
            let arguments: Vec<_> = ["db", "backup", "copy.db", "--format", "sqlite"]
                .iter()
                .chain(force)
                .copied()
                .collect();
            let answer = home.run(&arguments);
            assert_eq!(answer.code, Some(2), "{answer:?}");
            assert!(answer.err.contains(&format!("copy.db{suffix}")), "{answer:?}");
            assert!(!home.path("copy.db").exists());
        }
        fs::remove_file(left).expect("removed");
    }
    home.run_ok(&["db", "backup", "copy.db", "--format", "sqlite"]);
    // A missing database is not created next to a leftover write-ahead log either.
    let new = format!("sqlite:///{}", home.path("new.db").display());
    home.write("new.db-wal", "of a program that was killed");
    let answer = home.run(&["--database-url", &new, "messages", "log", "hi"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("new.db-wal") && !home.path("new.db").exists(), "{answer:?}");
}

#[test]
fn output_files_are_private_and_never_get_more_permissions() {
    let home = filled();
    assert_eq!(mode(&home, "chat.db"), 0o600);
    let commands: [&[&str]; 3] = [
        &["messages", "export", "out"],
        &["db", "backup", "out"],
        &["db", "backup", "out", "--format", "sqlite"],
    ];
    for command in commands {
        let with =
            |more: &[&'static str]| -> Vec<&str> { command.iter().chain(more).copied().collect() };
        home.run_ok(&with(&[]));
        assert_eq!(mode(&home, "out"), 0o600, "{command:?}");
        for (before, asked, after) in
            [(0o644, None, 0o600), (0o666, Some("0640"), 0o640), (0o600, Some("0644"), 0o600)]
        {
            fs::set_permissions(home.path("out"), Permissions::from_mode(before)).expect("set");
            let mut more = vec!["--force"];
            more.extend(asked.map(|mode| ["--file-mode", mode]).into_iter().flatten());
            home.run_ok(&with(&more));
            assert_eq!(mode(&home, "out"), after, "{command:?}: {before:o} {asked:?}");
        }
        fs::remove_file(home.path("out")).expect("removed");
        home.run_ok(&with(&["--file-mode", "660"]));
        assert_eq!(mode(&home, "out"), 0o660, "{command:?}");
        fs::remove_file(home.path("out")).expect("removed");
    }
    assert_eq!(home.run(&["db", "backup", "out", "--file-mode", "0755"]).code, Some(2));
}

#[test]
fn databases_get_the_mode_of_their_url_once() {
    let home = Home::new();
    let url = |name: &str, query: &str| format!("sqlite:///{}{query}", home.path(name).display());
    home.run_ok(&["--database-url", &url("shared.db", "?file_mode=0664"), "messages", "log", "hi"]);
    assert_eq!(mode(&home, "shared.db"), 0o664);
    home.run_ok(&["--database-url", &url("shared.db", ""), "messages", "log", "hi"]);
    assert_eq!(mode(&home, "shared.db"), 0o664);
    home.run_ok(&["db", "copy", "--from", &url("shared.db", ""), "--to", &url("copy.db", "")]);
    assert_eq!(mode(&home, "copy.db"), 0o600);
    home.run_ok(&["--database-url", &url("copy.db", "?file_mode=0666"), "messages", "log", "hi"]);
    assert_eq!(mode(&home, "copy.db"), 0o600);
}

#[test]
fn messages_with_an_empty_side_are_omitted_and_counted() {
    let home = Home::new();
    for (message, response) in [("q", "a"), ("", "a"), ("q", ""), (" \n", "a"), ("q", "\t")] {
        home.run_ok(&["messages", "log", message, "--response", response]);
    }
    for format in ["openai", "alpaca", "sharegpt"] {
        let answer = home.run_json(&["messages", "export", "out", "--format", format, "--force"]);
        assert_eq!(answer, json!({ "exported": 1, "left_out": 4, "file": "out" }), "{format}");
        assert_eq!(home.read("out").lines().count(), 1, "{format}");
    }
    let answer = home.run(&["messages", "export", "--format", "openai"]);
    assert!(answer.err.contains("omitted 4 messages with an empty text or response"), "{answer:?}");
}

#[test]
fn line_separators_in_messages_are_escaped() {
    let home = Home::new();
    let text = "a\u{85}b\u{2028}c\u{2029}d";
    home.run_ok(&["messages", "log", text, "--response", text]);
    for format in ["jsonl", "openai", "alpaca", "sharegpt"] {
        let out = home.run_ok(&["messages", "export", "--format", format]);
        assert!(out.contains(r"a\u0085b\u2028c\u2029d"), "{out}");
        assert!(!out.contains(['\u{85}', '\u{2028}', '\u{2029}']), "{out}");
    }
}

#[test]
fn arrays_are_rejected_with_a_command_to_import_them() {
    let home = Home::new();
    let answer = home.run_on(r#"[{"user_message": "hi"}]"#, &["messages", "import", "-"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(
        answer.err.contains("one JSON object per line") && answer.err.contains("jq -c '.[]'"),
        "{answer:?}"
    );
}

#[test]
fn a_byte_order_mark_before_a_token_is_ignored() {
    let home = filled();
    let token = home.run_json(&["tokens", "create"])["token"].as_str().expect("a token").to_owned();
    let answer = home.run_on(format!("\u{feff}{token}\r\n"), &["tokens", "verify", "-"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
}
