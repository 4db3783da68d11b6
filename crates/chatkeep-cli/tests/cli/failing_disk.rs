//! A disk that does not take what is written to it, and what is made durable.

use std::process::Command;

use crate::command::Home;

/// A library that stands between the command and the disk; see `failing_disk.c`.
fn library(home: &Home) -> String {
    let library = home.path("disk.so").to_string_lossy().into_owned();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/failing_disk.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-o", &library, source, "-ldl"]).status();
    assert!(compiled.expect("a C compiler").success());
    library
}

#[test]
fn a_commit_whose_sync_failed_is_not_tried_again() {
    let home = Home::new();
    home.do_it(&["messages", "log", "before"]);
    let library = library(&home);
    let variables = [("LD_PRELOAD", library.as_str()), ("FAIL_SYNC_OF", "chat.db-wal")];
    for command in [&["messages", "log", "after"][..], &["tokens", "create"]] {
        let arguments: Vec<_> = command.iter().copied().chain(["--json"]).collect();
        let answer = home.run_with(&arguments, &variables);
        assert_eq!(answer.out, "", "nothing is acknowledged");
        assert_eq!(answer.error()["kind"], "OutcomeUnknown", "{answer:?}");
        assert_eq!(answer.error()["retryable"], false, "{answer:?}");
        assert!(answer.err.contains("disk I/O error"), "{answer:?}");
    }
    home.do_it(&["messages", "log", "later"]);
}

#[test]
fn the_folder_of_a_new_file_is_made_durable_after_the_file() {
    let home = Home::new();
    home.do_it(&["messages", "log", "hi"]);
    let library = library(&home);
    let folder = home.path("").canonicalize().expect("a folder");
    let commands: [&[&str]; 3] = [
        &["messages", "export", "a.jsonl"],
        &["db", "backup", "a.tar.zst"],
        &["db", "backup", "a.db", "--format", "sqlite"],
    ];
    for (number, command) in commands.into_iter().enumerate() {
        let log = home.path(&format!("synced-{number}"));
        let log = log.to_string_lossy();
        let answer =
            home.run_with(command, &[("LD_PRELOAD", library.as_str()), ("SYNC_LOG", &log)]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let synced = home.read(&format!("synced-{number}"));
        let at = |what: &dyn Fn(&str) -> bool| synced.lines().position(what);
        let file =
            at(&|line| line.ends_with(".part")).unwrap_or_else(|| panic!("{command:?}: {synced}"));
        let after = synced.lines().skip(file).any(|line| line == folder.to_string_lossy());
        assert!(after, "{command:?}: {synced}");
    }
}
