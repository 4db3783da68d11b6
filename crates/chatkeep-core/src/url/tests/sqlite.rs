//! SQLite URLs.

use std::path::PathBuf;

use super::{DatabaseUrl, assert_rejected, error, parse, sqlite};
use crate::url::{SqliteLocation, Synchronous};

fn file(text: &str) -> String {
    match sqlite(text).location {
        SqliteLocation::File(path) => path.to_str().expect("text").to_owned(),
        SqliteLocation::Memory => panic!("{text} was parsed as in-memory"),
    }
}

#[test]
fn paths_are_parsed_like_in_sqlalchemy() {
    for (text, path) in [
        ("sqlite:///relative.db", "relative.db"),
        ("sqlite:///db/chat.db", "db/chat.db"),
        ("sqlite:///./chat.db", "./chat.db"),
        ("sqlite:///../chat.db", "../chat.db"),
        ("sqlite:////var/lib/chat.db", "/var/lib/chat.db"),
        ("sqlite:///C:/data/chat.db", "C:/data/chat.db"),
        (r"sqlite:///C:\data\chat.db", r"C:\data\chat.db"),
        ("sqlite+aiosqlite:////tmp/x", "/tmp/x"),
        ("sqlite:///my%20chat.db", "my chat.db"),
        ("sqlite:///my chat.db", "my chat.db"),
        ("sqlite:///what%3F.db", "what?.db"),
        ("sqlite:///100%25.db", "100%.db"),
        ("sqlite:///a#b@c+d&e.db", "a#b@c+d&e.db"),
        ("sqlite:///gr%C3%BC%C3%9Fe/süß.db", "grüße/süß.db"),
    ] {
        assert_eq!(file(text), path, "{text}");
    }
}

#[test]
fn in_memory_spellings_are_equivalent() {
    for text in [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite::memory:",
        "SQLITE::memory:",
        "sqlite:///%3Amemory%3A",
    ] {
        assert_eq!(sqlite(text).location, SqliteLocation::Memory, "{text}");
    }
    assert_eq!(DatabaseUrl::sqlite_file(":memory:"), DatabaseUrl::sqlite_memory());
}

#[test]
fn keys_set_durability_and_mode() {
    let plain = sqlite("sqlite:///x.db");
    assert_eq!(plain.synchronous, Synchronous::Full);
    assert!(!plain.read_only && !plain.make_folder);
    for (query, synchronous, read_only) in [
        ("synchronous=full", Synchronous::Full, false),
        ("synchronous=NORMAL", Synchronous::Normal, false),
        ("mode=ro", Synchronous::Full, true),
        ("mode=rw", Synchronous::Full, false),
        ("mode=rwc&synchronous=normal", Synchronous::Normal, false),
        ("", Synchronous::Full, false),
    ] {
        let target = sqlite(&format!("sqlite:///x.db?{query}"));
        assert_eq!((target.synchronous, target.read_only), (synchronous, read_only), "{query}");
    }
}

#[test]
fn file_mode_is_octal_and_private_by_default() {
    assert_eq!(sqlite("sqlite:///x.db").file_mode, 0o600);
    for (text, mode) in [("0640", 0o640), ("660", 0o660), ("0o644", 0o644), ("0666", 0o666)] {
        assert_eq!(sqlite(&format!("sqlite:///x.db?file_mode={text}")).file_mode, mode, "{text}");
    }
    for wrong in ["0400", "0755", "4600", "0008", "u=rw", "384", "00600", "+600"] {
        let url = format!("sqlite:///x.db?file_mode={wrong}");
        assert_rejected(&[(&url, &["file_mode", "such as 0600"])]);
    }
}

#[test]
fn two_slashes_are_rejected_with_a_suggestion() {
    assert_rejected(&[
        ("sqlite://relative.db", &["write sqlite:///relative.db"]),
        ("sqlite://db/chat.db?mode=ro", &["write sqlite:///db/chat.db"]),
        ("sqlite://:memory:", &["write sqlite:///:memory:"]),
        ("sqlite://user:secret@host/chat.db", &["write sqlite:///path/to/file.db"]),
    ]);
    assert!(!error("sqlite://user:secret@host/chat.db").to_string().contains("secret"));
    // A long path is not repeated.
    let long = format!("sqlite://{}", "x".repeat(4_000));
    assert_rejected(&[(&long, &["write sqlite:///path/to/file.db"])]);
}

#[test]
fn paths_that_are_not_files_are_rejected() {
    assert_rejected(&[
        ("sqlite:///", &["the path is missing", "sqlite:///:memory:"]),
        ("sqlite:///?mode=ro", &["the path is missing"]),
        ("sqlite:////", &["names a folder"]),
        ("sqlite:///db/", &["names a folder"]),
        ("sqlite:///db/..", &["names a folder"]),
        ("sqlite:///db/.", &["names a folder"]),
        ("sqlite:///.", &["names a folder"]),
        ("sqlite:///file:chat.db?mode=ro", &["file: URIs"]),
        ("sqlite:///a%00b", &["NUL"]),
        ("sqlite:///100%.db", &["the path", "%25"]),
        ("sqlite:///%ff.db", &["the path is not UTF-8"]),
    ]);
}

#[test]
fn unknown_keys_and_values_are_rejected() {
    assert_rejected(&[
        (
            "sqlite:///x.db?cache=shared",
            &["the key cache is unknown for SQLite", "supported: file_mode, mode, synchronous"],
        ),
        ("sqlite:///x.db?sycnhronous=full", &["did you mean synchronous?"]),
        ("sqlite:///x.db?sslmode=require", &["unknown for SQLite"]),
        ("sqlite:///x.db?synchronous=off", &["supported: full, normal"]),
        ("sqlite:///x.db?mode=memory", &["supported: ro, rw, rwc"]),
        ("sqlite:///x.db?mode=ro&mode=rw", &["mode is specified twice"]),
        ("sqlite:///x.db?mode=", &["mode has no value"]),
        ("sqlite:///x.db?mode", &["part 1", "key=value"]),
        ("sqlite:///what?.db", &["part 1", "key=value"]),
        ("sqlite:///:memory:?mode=ro", &["invalid for an in-memory database"]),
    ]);
}

#[test]
fn parsing_does_not_access_the_disk() {
    let folder = std::env::temp_dir().join(format!("chatkeep-url-{}", std::process::id()));
    parse(&format!("sqlite:///{}/chat.db", folder.display()));
    assert!(!folder.exists());
}

#[test]
fn redacted_sqlite_url_equals_the_input() {
    for text in [
        "sqlite:///db/chat.db",
        "sqlite:////var/lib/chat.db",
        "sqlite:///:memory:",
        "sqlite:///what%3F 100%25.db",
        "sqlite:///x.db?synchronous=normal&mode=ro",
        "sqlite:///x.db?file_mode=0640",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
    assert_eq!(parse("sqlite3://").redacted(), "sqlite:///:memory:");
}

#[test]
fn path_from_the_program_is_used_literally() {
    let url = DatabaseUrl::sqlite_file(PathBuf::from("100%25?.db"));
    assert_eq!(url.redacted(), "sqlite:///100%2525%3F.db");
    assert_eq!(parse(&url.redacted()), url);
}
