//! Backups: reading any file returns either rows that match its manifest, or an error that the
//! backup is damaged or newer.

#![no_main]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, Metadata, NewMessage, SchemaState, Timestamp};
use chatkeep_core::DatabaseUrl;
use chatkeep_fuzz::{check_error, path};
use chatkeep_transfer::{Content, backup, check_backup, restore};
use libfuzzer_sys::fuzz_target;

/// Maximum length of a generated entry, which has to be compressed first.
const LONGEST: u64 = 1 << 28;

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 8 {
        0 => drop(check(rest)),
        1 => drop(check(&compressed(rest))),
        2 | 3 => lines(rest),
        4 => long_entry(rest),
        5 => round_trip(rest),
        _ => edited(rest),
    }
});

/// Checks a backup file with these bytes.
fn check(bytes: &[u8]) -> Option<Content> {
    let path = path("backup.tar.zst");
    fs::write(&path, bytes).expect("the file is written");
    match check_backup(&path, &mut |_| {}) {
        Ok(content) => Some(content),
        Err(error) => {
            // An entry may look like the rows of a newer version.
            check_error(&error, &[ErrorKind::Corrupt, ErrorKind::Schema(SchemaState::Newer)]);
            None
        }
    }
}

fn compressed(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 1).expect("compressing in memory succeeds")
}

/// Checks an archive with these NUL-separated parts and no matching manifest.
fn lines(text: &[u8]) {
    let mut tar = tar::Builder::new(Vec::new());
    for (number, part) in (1..).zip(text.split(|byte| *byte == 0).take(8)) {
        let (name, part) = match part.split_first() {
            Some((b't', part)) => (format!("api_tokens/{number:06}.jsonl"), part),
            Some((b'm', part)) => (format!("messages/{number:06}.jsonl"), part),
            Some((b'{', _)) => ("manifest.json".to_owned(), part),
            _ => (
                String::from_utf8_lossy(part)
                    .chars()
                    .filter(|letter| *letter != '\0')
                    .take(60)
                    .collect(),
                part,
            ),
        };
        let mut header = tar::Header::new_ustar();
        header.set_size(part.len() as u64);
        if tar.append_data(&mut header, &name, part).is_err() {
            return;
        }
    }
    let tar = tar.into_inner().expect("writing to memory succeeds");
    if let Some(content) = check(&compressed(&tar)) {
        assert_eq!(content.total_rows(), 0, "rows without a matching digest are accepted");
    }
}

/// Checks an archive with one long entry of any type, which compresses to very few bytes.
fn long_entry(data: &[u8]) {
    let [kind, size, name, unit @ ..] = data else { return };
    let size = (1_u64 << (size % 29)).min(LONGEST);
    let names = ["messages/000001.jsonl", "api_tokens/000001.jsonl", "manifest.json", "long"];
    let mut header = tar::Header::new_ustar();
    header.set_path(names[usize::from(*name) % names.len()]).expect("a short name");
    header.set_entry_type(tar::EntryType::new(*kind));
    header.set_size(size);
    header.set_cksum();
    let unit = if unit.is_empty() { &[0][..] } else { unit };
    let block = unit.repeat((1 << 16) / unit.len().min(1 << 16) + 1);
    let mut out = zstd::Encoder::new(Vec::new(), 1).expect("compressing in memory succeeds");
    out.write_all(header.as_bytes()).expect("memory");
    let mut left = size.div_ceil(512) * 512;
    while left > 0 {
        let count = left.min(block.len() as u64);
        out.write_all(&block[..usize::try_from(count).expect("small")]).expect("memory");
        left -= count;
    }
    drop(check(&out.finish().expect("memory")));
}

/// Returns the uncompressed archive of two tables, and its content.
fn original() -> &'static (Vec<u8>, Content) {
    static ORIGINAL: OnceLock<(Vec<u8>, Content)> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let chat = chat();
        let message = NewMessage::new("What is WAL?")
            .with_response("Write-ahead logging.")
            .with_metadata(Metadata::parse(r#"{"n":[1,2.5,"ä"]}"#).expect("an object"))
            .with_timestamp(Timestamp::parse("2024-02-29T12:00:00Z").expect("a time"));
        chat.messages().log_message(&message).expect("stored");
        chat.messages().log_message(&NewMessage::new("")).expect("stored");
        chat.tokens().create_token("web", None).expect("stored");
        let mut bytes = Vec::new();
        let manifest = backup(&chat, &mut bytes, &mut |_| {}).expect("a backup in memory");
        (
            zstd::decode_all(bytes.as_slice()).expect("the archive was just written"),
            manifest.content,
        )
    })
}

/// Checks a backup that is modified or truncated: either the original rows are read, or none.
fn edited(edits: &[u8]) {
    let (tar, content) = original();
    let mut tar = tar.clone();
    for edit in edits.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % tar.len();
        tar[at] = edit[2];
    }
    if edits.len() % 3 == 1 {
        tar.truncate(tar.len() * usize::from(edits[edits.len() - 1]) / 256);
    }
    if let Some(read) = check(&compressed(&tar)) {
        assert_eq!(&read, content, "different rows are accepted");
    }
}

/// Opens an empty database in a file. A database in memory has no backup, because each connection
/// has its own.
fn chat() -> Chatkeep {
    let path = path("chat.db");
    remove(&path);
    Chatkeep::builder()
        .database_url(DatabaseUrl::sqlite_file(path))
        .open()
        .expect("a database in a file")
}

fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{ending}", path.display())));
    }
}

/// Backs messages up and restores them.
fn round_trip(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let messages: Vec<_> =
        text.lines().take(8).filter_map(|line| NewMessage::from_json(line).ok()).collect();
    if messages.is_empty() {
        return;
    }
    let chat = chat();
    for message in &messages {
        chat.messages().log_message(message).expect("an accepted message is stored");
    }
    let mut bytes = Vec::new();
    let manifest = backup(&chat, &mut bytes, &mut |_| {}).expect("a backup in memory");
    assert_eq!(manifest.content.rows_of("messages"), messages.len() as u64);
    assert_eq!(check(&bytes).as_ref(), Some(&manifest.content));
    let target = path("restored.db");
    remove(&target);
    let report = restore(
        &DatabaseUrl::sqlite_file(&target),
        &path("backup.tar.zst"),
        Duration::from_secs(5),
        &mut |_| {},
    );
    assert_eq!(report.expect("a backup is restored").messages, messages.len() as u64);
}
