//! Tests of examples/prune: the job that deletes old messages and expired tokens every night.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::json;

use crate::command::{Answer, Home};

const NOWHERE: &str = "postgresql://bot:hush-hush@127.0.0.1:1/chat";

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/prune").join(name)
}

/// Runs the job as cron does: in a shell, with a minimal environment.
fn run_job(home: &Home, variables: &[(&str, &str)]) -> Answer {
    let bin = Path::new(env!("CARGO_BIN_EXE_chatkeep")).parent().expect("a folder");
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("'{}'", example("chatkeep-prune").display()));
    command.env_clear().env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    command.current_dir(home.path("")).envs(variables.iter().copied()).stdin(Stdio::null());
    Answer::from(command.output().expect("the job runs"))
}

#[test]
fn the_job_deletes_old_messages_and_expired_tokens() {
    for engine in Engine::available() {
        let database = TestDatabase::create(engine);
        let home = Home::at(database.url());
        for time in ["2024-05-05", "2024-05-06"] {
            home.run_ok(&["messages", "log", "old", "--timestamp", time]);
        }
        home.run_ok(&["messages", "log", "new"]);
        for description in ["first", "second"] {
            let options = ["--description", description, "--expires-days", "1", "--quiet"];
            home.run_ok(&[&["tokens", "create"], &options[..]].concat());
        }
        database.execute(
            "UPDATE api_tokens SET expires_at = '2024-05-06 00:00:00.000000' \
             WHERE description = 'first'",
        );

        let job = [("DATABASE_URL", database.url()), ("CHATKEEP_KEEP", "90d")];
        for (messages, tokens) in
            [("2 messages", "1 expired token"), ("0 messages", "0 expired tokens")]
        {
            let answer = run_job(&home, &job);
            // Cron mails nothing, because the crontab appends standard output to a log.
            assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{engine}");
            let (time, line) = answer.out.split_once(' ').expect("a timestamp");
            assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
            let expected = format!(
                "chatkeep-prune: deleted {messages} older than 90 days; deleted {tokens}\n"
            );
            assert_eq!(line, expected, "{engine}");
        }
        assert_eq!(home.count(), 1, "{engine}");
        let left = home.run_json(&["tokens", "list"]);
        assert_eq!((left[0]["description"].clone(), &left[1]), (json!("second"), &json!(null)));
    }
}

#[test]
fn failures_of_the_job_print_the_reason_for_the_mail() {
    let job = |url: &str| {
        run_job(
            &Home::new(),
            &[("DATABASE_URL", url), ("CHATKEEP_KEEP", "90d"), ("DB_MAX_RETRIES", "0")],
        )
    };
    let answer = job(NOWHERE);
    assert_eq!((answer.code, answer.out.as_str()), (Some(5), ""));
    assert!(answer.err.contains("error: ") && !answer.err.contains("hush-hush"), "{}", answer.err);
    assert!(answer.err.ends_with("chatkeep-prune: failed with exit code 5\n"), "{}", answer.err);
    assert_eq!(job("nonsense://").code, Some(2));
    // It leaves the schema to `chatkeep migrate upgrade`.
    let answer = job("sqlite:///new.db");
    assert_eq!(answer.code, Some(3));
    assert!(answer.err.contains("chatkeep migrate upgrade"), "{}", answer.err);
}

#[test]
fn the_job_requires_its_settings() {
    let home = Home::new();
    for (variables, name) in [
        (vec![("DATABASE_URL", "sqlite:///chat.db")], "CHATKEEP_KEEP"),
        (vec![("CHATKEEP_KEEP", "90d")], "DATABASE_URL"),
        (vec![("DATABASE_URL", "sqlite:///chat.db"), ("CHATKEEP_KEEP", "")], "CHATKEEP_KEEP"),
    ] {
        let answer = run_job(&home, &variables);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{name}");
        assert!(answer.err.contains(&format!("set {name}")), "{}", answer.err);
    }
    let answer = run_job(
        &home,
        &[
            ("DATABASE_URL", "sqlite:///chat.db"),
            ("CHATKEEP_KEEP", "soon"),
            ("DB_AUTO_MIGRATE", "on"),
        ],
    );
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("--older-than"), "{}", answer.err);
}

/// The line of the crontab, run with the crontab's variables, writes only to the log.
#[test]
fn the_crontab_line_appends_to_a_log() {
    let home = Home::new();
    home.run_ok(&["messages", "log", "old", "--timestamp", "2024-05-05"]);
    let crontab = fs::read_to_string(example("crontab")).expect("a crontab");
    let variable = |name: &str| {
        let mut lines = crontab.lines().filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value).expect("a variable").to_owned()
    };
    assert!(variable("DATABASE_URL").starts_with("postgresql://"));
    let schedule = crontab.lines().find(|line| line.starts_with("17 3 * * * ")).expect("a line");
    // Cron replaces `%` with a line break.
    assert!(!schedule.contains('%'));
    let bin = Path::new(env!("CARGO_BIN_EXE_chatkeep")).parent().expect("a folder");
    let folder = example("").canonicalize().expect("a folder");
    let path = format!("{}:{}:{}", folder.display(), bin.display(), variable("PATH"));
    let url = format!("sqlite:///{}", home.path("chat.db").display());
    for _ in 0..2 {
        let output = Command::new("/bin/sh")
            .args(["-c", schedule.trim_start_matches("17 3 * * * ")])
            .env_clear()
            .envs([("PATH", &path), ("DATABASE_URL", &url)])
            .envs([("CHATKEEP_KEEP", variable("CHATKEEP_KEEP"))])
            .env("HOME", home.path(""))
            .output()
            .expect("the line runs");
        let answer = Answer::from(output);
        assert_eq!((answer.code, answer.out + &answer.err), (Some(0), String::new()));
    }
    let log = home.read("chatkeep-prune.log");
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(log.contains("deleted 1 message older than 90 days"), "{log}");
}

/// The page of the guide shows the files as they are.
#[test]
fn the_guide_shows_the_files_of_the_job() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/operations.md");
    let guide = fs::read_to_string(guide).expect("a page");
    for name in ["crontab", "chatkeep-prune.service", "chatkeep-prune.timer"] {
        let text = fs::read_to_string(example(name)).expect("a file");
        assert!(
            guide.contains(&format!("\n{text}```")),
            "{name} differs in docs/src/operations.md"
        );
    }
}

#[test]
fn the_units_of_the_job_are_valid() {
    // Only a system with systemd has it.
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let home = Home::new();
    let service = fs::read_to_string(example("chatkeep-prune.service")).expect("a unit");
    // The program must exist, and the user is the one of the test.
    let program = example("chatkeep-prune").canonicalize().expect("a program");
    let service = service
        .replace("/usr/local/bin/chatkeep-prune", &program.display().to_string())
        .replace("User=chat\n", "");
    let timer = fs::read_to_string(example("chatkeep-prune.timer")).expect("a unit");
    let units =
        [home.write("chatkeep-prune.service", service), home.write("chatkeep-prune.timer", timer)];
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&units)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<_> = text.lines().filter(|line| line.contains("chatkeep-prune")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}
