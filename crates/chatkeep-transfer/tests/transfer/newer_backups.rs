//! Tests of archives that newer versions wrote, with tables, columns or a format of their own.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{check_backup, restore};
use tempfile::TempDir;

use crate::old_backups::FORMAT_1;
use crate::store::{Store, url};

/// Writes the backup of format 1 with changed entries.
fn write(folder: &TempDir, change: impl Fn(&mut Vec<(String, String)>)) -> PathBuf {
    let tar = zstd::decode_all(FORMAT_1).expect("a compressed file");
    let mut entries = Vec::new();
    for entry in tar::Archive::new(&tar[..]).entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        entries.push((name, text));
    }
    change(&mut entries);
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in &entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).expect("memory");
    }
    let path = folder.path().join("newer.tar.zst");
    let tar = tar.into_inner().expect("memory");
    fs::write(&path, zstd::encode_all(&tar[..], 1).expect("memory")).expect("written");
    path
}

/// Changes the text of the entry with this name.
fn replace(entries: &mut [(String, String)], name: &str, from: &str, to: &str) {
    let (_, text) = entries.iter_mut().find(|(entry, _)| entry == name).expect("an entry");
    assert!(text.contains(from), "{text}");
    *text = text.replacen(from, to, 1);
}

#[track_caller]
fn assert_newer(path: &Path, expected: &str) {
    let error = check_backup(path, &mut |_| {}).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Newer), "{error}");
    let remedy = "restore this backup with the version that wrote it, or a newer one";
    for part in ["newer.tar.zst: ", expected, env!("CARGO_PKG_VERSION"), remedy] {
        assert!(error.message().contains(part), "{part:?} is missing in {error}");
    }
}

#[test]
fn rows_of_unknown_tables_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, |entries| {
        entries.insert(0, ("users/000001.jsonl".to_owned(), "{\"id\": 1}\n".to_owned()));
    });
    assert_newer(&path, "has rows of the table users, which");
    let path = write(&folder, |entries| {
        let table = "\"content\": { \"users\": { \"rows\": 1, \"sha256\": \"\" },";
        replace(entries, "manifest.json", "\"content\": {", table);
    });
    assert_newer(&path, "has rows of the table users, which");
}

#[test]
fn unknown_columns_and_formats_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, |entries| {
        replace(entries, "messages/000001.jsonl", "{\"id\":1,", "{\"id\":1,\"mood\":\"glad\",");
    });
    assert_newer(&path, "messages/000001.jsonl, line 1 has the field `mood`, which");
    let path = write(&folder, |entries| {
        replace(entries, "manifest.json", "\"format\": 1", "\"format\": 2");
    });
    assert_newer(&path, "has the archive format 2, which");
}

#[test]
fn damaged_archives_with_unknown_names_are_corrupt() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, |entries| {
        entries.insert(0, ("users/000001.jsonl".to_owned(), "{\"id\": 1}\n".to_owned()));
    });
    let whole = fs::read(&path).expect("read");
    fs::write(&path, &whole[..whole.len() - 8]).expect("written");
    let error = check_backup(&path, &mut |_| {}).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    for name in ["Users/000001.jsonl", "users/000001.txt", "users/1.jsonl", "/000001.jsonl"] {
        let path = write(&folder, |entries| {
            entries.insert(0, (name.trim_start_matches('/').to_owned(), "{}\n".to_owned()));
        });
        let error = check_backup(&path, &mut |_| {}).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {error}");
    }
}

#[test]
fn unknown_tables_without_rows_are_ignored() {
    let store = Store::create(Engine::Sqlite);
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, |entries| {
        let table = "\"next_ids\": { \"users\": 7 }, \"content\": { \"users\": { \"rows\": 0, \
                     \"sha256\": \"\" },";
        replace(entries, "manifest.json", "\"content\": {", table);
    });
    let report = restore(&url(store.raw.url()), &path, Duration::from_secs(10), &mut |_| {});
    assert_eq!(report.expect("restored").rows.to_string(), "3 messages, 2 tokens");
    assert_eq!(store.log("new"), 5);
}
