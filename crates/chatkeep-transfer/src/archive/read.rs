//! Reads an archive part by part. The input is untrusted: every size and digest is checked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use chatkeep_core::{Error, Result};
use tar::Archive;

use super::MANIFEST;
use super::failure::Failure;
use super::manifest::{FORMAT, Manifest, Part};
use crate::digest::Digests;
use crate::table::{AnyTable, Batch, Tables};

/// Maximum size of a part: a few megabytes, or one line of up to 113 MiB.
const MAX_PART_BYTES: u64 = 128 << 20;
/// Maximum size of the manifest.
const MAX_MANIFEST_BYTES: u64 = 32 << 20;
/// Maximum number of parts. The manifest has more than 100 bytes for each.
const MAX_PARTS: u64 = MAX_MANIFEST_BYTES / 100;
/// Binary logarithm of the maximum zstd window: 32 MiB. Archives of [`backup`](crate::backup) need
/// 2 MiB, archives recompressed with `zstd -19` need 8 MiB.
const WINDOW_LOG_MAX: u32 = 25;

/// Passes the rows of an archive to `hand_over` in batches. Returns the manifest if all rows match
/// it.
///
/// # Errors
/// `Configuration` if opening the file fails. `Corrupt` if it is not a chatkeep archive, is
/// truncated, or was modified. `Schema` if it has a table or a column of a newer version.
pub(crate) fn read(
    path: &Path,
    tables: Tables,
    mut hand_over: impl FnMut(Box<dyn Batch>, &Digests) -> Result<()>,
) -> Result<Manifest> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or_default();
        Error::configuration(format!("cannot read {shown}: {reason}"))
    })?;
    read_file(file, tables, &mut hand_over).map_err(|failure| failure.into_error(&shown))
}

/// Receives the batches that are read, and the digests so far.
type HandOver<'a> = dyn FnMut(Box<dyn Batch>, &Digests) -> Result<()> + 'a;

fn read_file(
    file: File,
    tables: Tables,
    hand_over: &mut HandOver<'_>,
) -> Result<Manifest, Failure> {
    let mut decoder = zstd::Decoder::new(BufReader::with_capacity(256 << 10, file))?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    let mut archive = Archive::new(decoder);
    let entries = read_entries(&mut archive, tables, hand_over);
    let mut rest = archive.into_inner();
    let Entries { parts, digests, manifest } = match entries {
        Ok(entries) => entries,
        Err(Failure::Newer(reason)) => {
            // Damaged names look like newer ones, unless zstd's checksum at the end is right.
            io::copy(&mut rest, &mut io::sink())?;
            return Err(Failure::Newer(reason));
        }
        Err(failure) => return Err(failure),
    };
    // Read to the end of the file, which verifies zstd's checksum. No other data may follow.
    if !only_zeros(&mut rest)? {
        return Err(damaged("has unexpected data after the end of the archive"));
    }
    let Some(mut manifest) = manifest else {
        return Err(damaged("has no manifest; it is not a chatkeep backup, or is truncated"));
    };
    if manifest.parts != parts {
        return Err(damaged("the parts do not match the manifest"));
    }
    let content = digests.finish();
    manifest.content = manifest.content.with_tables_of(&content);
    if manifest.content != content {
        return Err(damaged("the rows do not match the digests in the manifest"));
    }
    Ok(manifest)
}

/// The entries of an archive that were read.
struct Entries {
    parts: Vec<Part>,
    digests: Digests,
    manifest: Option<Manifest>,
}

fn read_entries(
    archive: &mut Archive<impl Read>,
    tables: Tables,
    hand_over: &mut HandOver<'_>,
) -> Result<Entries, Failure> {
    let mut parts: Vec<Part> = Vec::new();
    let mut digests = Digests::new(tables);
    let mut manifest = None;
    // Raw, because tar would read the entries of its extensions (long names and sizes) into memory,
    // whatever their length.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if manifest.is_some() {
            return Err(damaged(&format!("unexpected entry {name} after the manifest")));
        }
        if !entry.header().entry_type().is_file() {
            return Err(damaged(&format!("{name} is not a regular file")));
        }
        let limit = if name == MANIFEST { MAX_MANIFEST_BYTES } else { MAX_PART_BYTES };
        if entry.size() > limit || parts.len() as u64 > MAX_PARTS {
            return Err(damaged(&format!(
                "{name} is larger than {limit} bytes, or the archive has more than {MAX_PARTS} \
                 parts"
            )));
        }
        if name == MANIFEST {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            manifest = Some(parse_manifest(&bytes, tables)?);
            continue;
        }
        let size = entry.size();
        let part = table_of(&name, tables)?.read_part(&name, &mut entry, &mut |batch| {
            digests.add(&*batch);
            hand_over(batch, &digests)
        })?;
        if part.bytes != size {
            return Err(damaged("is truncated"));
        }
        parts.push(part);
    }
    Ok(Entries { parts, digests, manifest })
}

fn damaged(reason: &str) -> Failure {
    Failure::Damaged(reason.to_owned())
}

/// Returns the table of a part, such as `messages/000001.jsonl`.
fn table_of(name: &str, tables: Tables) -> Result<&'static dyn AnyTable, Failure> {
    let (folder, file) = name.split_once('/').unwrap_or((name, ""));
    if let Some(table) = tables.iter().find(|table| table.name() == folder) {
        return Ok(*table);
    }
    let is_name =
        !folder.is_empty() && folder.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_part = file.strip_suffix(".jsonl").is_some_and(|number| {
        number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    if is_name && is_part {
        return Err(unknown_table(folder));
    }
    Err(damaged(&format!("unknown entry {name}")))
}

fn unknown_table(table: &str) -> Failure {
    Failure::Newer(format!("has rows of the table {table}"))
}

/// Reads to the end. Returns whether all bytes are zero, which is how tar pads its last block.
fn only_zeros(rest: &mut impl Read) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        match rest.read(&mut buffer)? {
            0 => return Ok(true),
            count if buffer[..count].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

fn parse_manifest(bytes: &[u8], tables: Tables) -> Result<Manifest, Failure> {
    #[derive(serde::Deserialize)]
    struct Header {
        format: u32,
    }
    let invalid = |error: serde_json::Error| damaged(&format!("{MANIFEST}: {error}"));
    let Header { format } = serde_json::from_slice(bytes).map_err(invalid)?;
    if format > FORMAT {
        return Err(Failure::Newer(format!("has the archive format {format}")));
    }
    if format < FORMAT {
        return Err(damaged(&format!("{MANIFEST}: {format} is not an archive format")));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(invalid)?;
    match manifest.content.unknown_table(tables) {
        Some(table) => Err(unknown_table(table)),
        None => Ok(manifest),
    }
}
