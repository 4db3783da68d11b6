//! Tests of `db copy`, `db backup`, `db restore` and of pruning.

use serde_json::json;

use crate::command::Home;

fn url(home: &Home, name: &str) -> String {
    format!("sqlite:///{}", home.path(name).display())
}

fn filled() -> Home {
    let home = Home::new();
    home.run_ok(&[
        "messages",
        "log",
        "What is WAL?",
        "--response",
        "A log.",
        "--metadata",
        "{\"a\": 1}",
    ]);
    home.run_ok(&["tokens", "create"]);
    home
}

#[test]
fn copies_are_planned_made_and_verified() {
    let home = filled();
    let (from, to) = (url(&home, "chat.db"), url(&home, "new.db"));
    let plan = home.run_ok(&["db", "copy", "--from", &from, "--to", &to, "--dry-run"]);
    assert_eq!(
        plan,
        "source: 1 message and 1 token\ntarget: has no tables; the copy would create them\n"
    );
    assert!(!home.path("new.db").exists());
    let text = home.run_ok(&["db", "copy", "--from", &from, "--to", &to]);
    assert!(text.starts_with("copied 1 message and 1 token in "), "{text}");
    assert!(text.ends_with("equal: 2 rows with the same values in both databases\n"), "{text}");
    assert_eq!(
        home.run_json(&["db", "copy", "--from", &from, "--to", &to, "--verify"])["equal"],
        true
    );

    let again = home.run(&["db", "copy", "--from", &from, "--to", &to, "--json"]);
    assert_eq!(
        (again.code, again.error()["kind"].as_str()),
        (Some(1), Some("Conflict")),
        "{again:?}"
    );
    assert_eq!(home.run(&["db", "copy", "--from", &from, "--to", &to, "--dry-run"]).code, Some(1));
    home.run_ok(&["messages", "log", "another"]);
    let answer = home.run(&["db", "copy", "--from", &from, "--to", &to, "--verify"]);
    assert_eq!(answer.code, Some(1));
    assert!(
        answer.out.contains("different: messages: 2 rows in the source, 1 in the target"),
        "{answer:?}"
    );
    let report = home.run_json(&["db", "copy", "--from", &from, "--to", &to, "--replace"]);
    assert_eq!((&report["messages"], &report["comparison"]["equal"]), (&json!(2), &json!(true)));
    let seconds = |key: &str| report[key].as_f64().unwrap();
    let parts = ["storing_seconds", "counting_seconds", "comparing_seconds"].map(seconds);
    assert!(
        parts.iter().all(|part| *part > 0.0) && parts.iter().sum::<f64>() <= seconds("seconds"),
        "{report}"
    );
    // Without --to, the target is the default database.
    let back = home.run(&["db", "copy", "--from", &from]);
    assert_eq!(back.code, Some(2), "{back:?}");
    assert!(back.err.contains("the same database"), "{back:?}");
}

#[test]
fn passwords_of_invalid_urls_are_hidden() {
    let home = filled();
    for (option, other) in [("--from", "--to"), ("--to", "--from")] {
        let good = url(&home, "chat.db");
        let bad = "postgresql://bot:hush-hush@db/chat?colour=red";
        let answer = home.run(&["db", "copy", option, bad, other, &good]);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.err.contains(option) && !answer.err.contains("hush-hush"), "{answer:?}");
    }
}

#[test]
fn backups_are_private_and_can_be_restored() {
    let home = filled();
    let text = home.run_ok(&["db", "backup", "chat.tar.zst"]);
    assert!(text.starts_with("wrote 1 message and 1 token to chat.tar.zst ("), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.path("chat.tar.zst")).expect("a file").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        home.run(&["db", "backup", "chat.tar.zst"]).code,
        Some(2),
        "a file is replaced only with --force"
    );
    assert_eq!(home.run_json(&["db", "restore", "chat.tar.zst", "--dry-run"])["sound"], true);
    let new = url(&home, "new.db");
    let text = home.run_ok(&["--database-url", &new, "db", "restore", "chat.tar.zst"]);
    assert!(text.starts_with("restored 1 message and 1 token in "), "{text}");
    assert_eq!(
        home.run_json(&["--database-url", &new, "messages", "get", "1"]),
        home.run_json(&["messages", "get", "1"])
    );
    let again = home.run(&["--database-url", &new, "db", "restore", "chat.tar.zst"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("is not empty"), "{again:?}");
}

#[test]
fn sqlite_files_require_the_format_option() {
    let home = filled();
    let answer = home.run(&["db", "backup", "copy.db"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("--format sqlite"), "{answer:?}");
    home.run_ok(&["db", "backup", "copy.db", "--format", "sqlite"]);
    assert_eq!(home.files(), ["copy.db"], "no other file is left");
    let copy = url(&home, "copy.db");
    assert_eq!(home.run_json(&["--database-url", &copy, "messages", "count"])["count"], 1);
    let nowhere = Home::at("postgresql://bot@127.0.0.1:1/chat");
    assert_eq!(nowhere.run(&["db", "backup", "copy.db", "--format", "sqlite"]).code, Some(2));
}

#[test]
fn archives_are_readable_by_other_tools() {
    let home = filled();
    home.run_ok(&["db", "backup", "chat.tar.zst"]);
    let bytes = std::fs::read(home.path("chat.tar.zst")).expect("read");
    let mut archive = tar::Archive::new(zstd::Decoder::new(&bytes[..]).expect("zstd"));
    let names: Vec<_> = archive
        .entries()
        .expect("tar")
        .map(|entry| entry.expect("an entry").path().expect("a name").display().to_string())
        .collect();
    assert_eq!(names, ["messages/000001.jsonl", "api_tokens/000001.jsonl", "manifest.json"]);
}

#[test]
fn prune_reclaims_disk_space_on_request() {
    let home = Home::new();
    let line = format!(
        "{{\"user_message\": \"{}\", \"timestamp\": \"2020-01-01T00:00:00Z\"}}\n",
        "x".repeat(2_000)
    );
    assert_eq!(home.run_on(line.repeat(2_000), &["messages", "import", "-"]).code, Some(0));
    let prune = ["messages", "prune", "--older-than", "30d", "--yes"];
    let dry = home.run_json(&["messages", "prune", "--older-than", "30d", "--dry-run"]);
    assert_eq!(dry["would_delete"], 2_000);
    let answer = home.run_json(&[&prune[..], &["--reclaim"]].concat());
    assert_eq!(answer["deleted"], 2_000);
    assert!(answer["reclaimed_bytes"].as_u64().expect("a number") > 3_000_000, "{answer}");
    assert!(home.run_json(&prune)["reclaimed_bytes"].is_null());
    let nowhere = Home::at("postgresql://bot@127.0.0.1:1/chat");
    assert_eq!(nowhere.run(&[&prune[..], &["--reclaim"]].concat()).code, Some(2));
}

#[test]
fn expired_tokens_are_counted_and_deleted() {
    let home = Home::new();
    for _ in 0..3 {
        home.run_ok(&["tokens", "create", "--expires-days", "1"]);
    }
    home.run_ok(&["tokens", "create"]);
    let connection = rusqlite::Connection::open(home.path("chat.db")).expect("opened");
    connection
        .execute("UPDATE api_tokens SET expires_at = '2020-01-01 00:00:00.000000' WHERE id < 3", [])
        .expect("set");
    drop(connection);
    assert_eq!(home.run_ok(&["tokens", "prune", "--dry-run"]), "would delete 2 expired tokens\n");
    assert_eq!(home.run_ok(&["tokens", "prune"]), "deleted 2 expired tokens\n");
    assert_eq!(home.run_json(&["tokens", "prune", "--reclaim"])["deleted"], 0);
    assert_eq!(home.run_json(&["tokens", "list"]).as_array().expect("a list").len(), 2);
}
