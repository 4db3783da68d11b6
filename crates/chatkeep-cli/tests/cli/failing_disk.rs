//! Tests of syncs to disk (fsync): when one fails, and that a folder is synced after a new file.

use std::process::Command;

use crate::command::Home;

/// Compiles `failing_disk.c`, a library that intercepts the syncs of a command, and returns its
/// path.
///
/// The first sync of a file whose name ends in `FAIL_SYNC_OF` fails. The path of each synced file
/// is written to `SYNC_LOG`.
fn sync_library(home: &Home) -> String {
    let library = home.path("disk.so").to_string_lossy().into_owned();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/failing_disk.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-o", &library, source, "-ldl"]).status();
    assert!(compiled.expect("a C compiler").success());
    library
}

#[test]
fn commits_are_not_retried_after_a_failed_sync() {
    let home = Home::new();
    home.run_ok(&["messages", "log", "before"]);
    let library = sync_library(&home);
    let variables = [("LD_PRELOAD", library.as_str()), ("FAIL_SYNC_OF", "chat.db-wal")];
    for command in [&["messages", "log", "after"][..], &["tokens", "create"]] {
        let arguments: Vec<_> = command.iter().copied().chain(["--json"]).collect();
        let answer = home.run_with(&arguments, &variables);
        assert_eq!(answer.out, "", "nothing is acknowledged");
        assert_eq!(answer.error()["kind"], "OutcomeUnknown", "{answer:?}");
        assert_eq!(answer.error()["retryable"], false, "{answer:?}");
        assert!(answer.err.contains("disk I/O error"), "{answer:?}");
    }
    home.run_ok(&["messages", "log", "later"]);
}

#[test]
fn the_folder_is_synced_after_a_new_file() {
    let home = Home::new();
    home.run_ok(&["messages", "log", "hi"]);
    let library = sync_library(&home);
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
        // The file has a temporary name until it is complete. Its new name is stored in the folder.
        let file = synced
            .lines()
            .position(|line| line.ends_with(".part"))
            .unwrap_or_else(|| panic!("{command:?}: {synced}"));
        let after = synced.lines().skip(file).any(|line| line == folder.to_string_lossy());
        assert!(after, "{command:?}: {synced}");
    }
}
