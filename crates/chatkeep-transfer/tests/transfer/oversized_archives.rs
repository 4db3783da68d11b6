//! Tests of small files that unpack to more than memory holds: they are rejected or read in pieces.

use std::fs;
use std::path::Path;

use chatkeep::ErrorKind;
use chatkeep_transfer::check_backup;
use tar::{EntryType, Header};

/// Writes an entry with `count` repetitions of `unit`.
fn entry(out: &mut impl std::io::Write, kind: EntryType, name: &str, unit: &str, count: usize) {
    let size = unit.len() * count;
    let mut header = Header::new_ustar();
    header.set_path(name).expect("a short name");
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_cksum();
    out.write_all(header.as_bytes()).expect("written");
    for _ in 0..count {
        out.write_all(unit.as_bytes()).expect("written");
    }
    out.write_all(&[0; 512][..(512 - size % 512) % 512]).expect("written");
}

fn refused(path: &Path, expected: &str) {
    let error = check_backup(path, &mut |_| {}).expect_err("not a backup");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.message().contains(expected), "{error}");
}

/// Returns the peak memory of this process, in MiB. Each test runs in its own process.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("procfs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

#[test]
fn long_parts_are_read_in_bounded_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.tar.zst");
    let row = "{\"id\":1,\"timestamp\":\"2024-02-29T12:00:00+00:00\",\"user_message\":\"\",\
               \"bot_response\":null,\"provider\":null,\"model\":null,\
               \"tokens_used\":null,\"metadata\":null}\n";
    let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
    entry(&mut out, EntryType::Regular, "messages/000001.jsonl", row, 400_000);
    out.finish().expect("written");
    assert!(path.metadata().expect("it is there").len() < 64 << 10, "the file is small");
    let before = peak();
    refused(&path, "no manifest");
    let grown = peak() - before;
    assert!(grown < 48, "memory grew by {grown} MiB for a part of 60 MiB");
}

#[test]
fn entries_of_other_types_are_rejected_unread() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("names.tar.zst");
    for kind in
        [EntryType::GNULongName, EntryType::XHeader, EntryType::GNUSparse, EntryType::Directory]
    {
        let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
        entry(&mut out, kind, "messages/000001.jsonl", &"a".repeat(1 << 20), 64);
        out.finish().expect("written");
        let before = peak();
        refused(&path, "is not a regular file");
        assert!(peak() - before < 32, "{kind:?} was read");
    }
}

#[test]
fn empty_parts_and_oversized_windows_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("odd.tar.zst");
    let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
    entry(&mut out, EntryType::Regular, "messages/000001.jsonl", "", 0);
    out.finish().expect("written");
    refused(&path, "has no rows");
    let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
    out.window_log(27).expect("a valid window");
    entry(&mut out, EntryType::Regular, "messages/000001.jsonl", "a", 1 << 20);
    out.finish().expect("written");
    refused(&path, "too much memory");
}
