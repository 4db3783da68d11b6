//! Small files that unpack to more than memory holds: they are refused, or read bit by bit.

use std::fs;
use std::path::Path;

use chatkeep::ErrorKind;
use chatkeep_transfer::check_backup;
use tar::{EntryType, Header};

/// An entry of this many bytes, all of them repetitions of one text.
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

fn refused(path: &Path, words: &str) {
    let error = check_backup(path, &mut |_| {}).expect_err("it is no backup");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.message().contains(words), "{error}");
}

/// The most memory that this process has had, in MiB. Each test is a process of its own.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says so");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

#[test]
fn a_long_part_is_read_in_flat_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.tar.zst");
    let row = "{\"id\":1,\"timestamp\":\"2024-02-29T12:00:00+00:00\",\"user_message\":\"\",\"bot_response\":null,\
               \"provider\":null,\"model\":null,\"tokens_used\":null,\"metadata\":null}\n";
    let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
    entry(&mut out, EntryType::Regular, "messages/000001.jsonl", row, 400_000);
    out.finish().expect("written");
    assert!(path.metadata().expect("it is there").len() < 64 << 10, "it is not small");
    let before = peak();
    refused(&path, "no manifest");
    let grown = peak() - before;
    assert!(grown < 48, "grew by {grown} MiB, where the part has 60");
}

#[test]
fn entries_of_other_types_are_refused_unread() {
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
fn a_part_without_rows_and_a_window_that_is_too_large_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("odd.tar.zst");
    let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
    entry(&mut out, EntryType::Regular, "messages/000001.jsonl", "", 0);
    out.finish().expect("written");
    refused(&path, "holds no row");
    let mut out = zstd::Encoder::new(fs::File::create(&path).expect("made"), 1).expect("made");
    out.window_log(27).expect("zstd can");
    entry(&mut out, EntryType::Regular, "messages/000001.jsonl", "a", 1 << 20);
    out.finish().expect("written");
    refused(&path, "too much memory");
}
