//! Reads an archive part by part. The input is untrusted: every size and digest is checked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use chatkeep_core::{Error, ErrorKind, Result};
use tar::Archive;

use super::manifest::{FORMAT, Manifest, Part};
use super::{MANIFEST, part};
use crate::batch::Batch;
use crate::digest::Digests;

/// Maximum size of a part: a few megabytes, or one row of 16 MiB, six times as long after escaping.
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
/// truncated, or was modified.
pub(crate) fn read(
    path: &Path,
    mut hand_over: impl FnMut(Batch, &Digests) -> Result<()>,
) -> Result<Manifest> {
    let shown = path.display().to_string();
    let damaged = |reason: String| Error::new(ErrorKind::Corrupt, format!("{shown}: {reason}"));
    let cannot_read = |error: &io::Error| cannot_read(error, &shown);
    let file = File::open(path).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or_default();
        Error::configuration(format!("cannot read {shown}: {reason}"))
    })?;
    let mut decoder = zstd::Decoder::new(BufReader::with_capacity(256 << 10, file))
        .map_err(|error| cannot_read(&error))?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|error| cannot_read(&error))?;
    let mut archive = Archive::new(decoder);
    let mut parts: Vec<Part> = Vec::new();
    let mut digests = Digests::default();
    let mut manifest = None;
    // Raw, because tar would read the entries of its extensions (long names and sizes) into memory,
    // whatever their length.
    for entry in archive.entries().map_err(|error| cannot_read(&error))?.raw(true) {
        let mut entry = entry.map_err(|error| cannot_read(&error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if manifest.is_some() {
            return Err(damaged(format!("unexpected entry {name} after the manifest")));
        }
        if !entry.header().entry_type().is_file() {
            return Err(damaged(format!("{name} is not a regular file")));
        }
        let limit = if name == MANIFEST { MAX_MANIFEST_BYTES } else { MAX_PART_BYTES };
        if entry.size() > limit || parts.len() as u64 > MAX_PARTS {
            return Err(damaged(format!(
                "{name} is larger than {limit} bytes, or the archive has more than {MAX_PARTS} \
                 parts"
            )));
        }
        if name == MANIFEST {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|error| cannot_read(&error))?;
            manifest = Some(parse_manifest(&bytes).map_err(damaged)?);
            continue;
        }
        let size = entry.size();
        let read = part::read(&name, entry, |batch| {
            digests.add(&batch);
            hand_over(batch, &digests)
        });
        let part = read.map_err(|failure| match failure {
            part::Failure::Read(error) => cannot_read(&error),
            part::Failure::Damaged(reason) => damaged(reason),
            part::Failure::Caller(error) => error,
        })?;
        if part.bytes != size {
            return Err(damaged("is truncated".to_owned()));
        }
        parts.push(part);
    }
    // Read to the end of the file, which verifies zstd's checksum. No other data may follow.
    let is_padding = only_zeros(&mut archive.into_inner()).map_err(|error| cannot_read(&error))?;
    if !is_padding {
        return Err(damaged("has unexpected data after the end of the archive".to_owned()));
    }
    let Some(manifest) = manifest else {
        return Err(damaged(
            "has no manifest; it is not a chatkeep backup, or is truncated".to_owned(),
        ));
    };
    if manifest.parts != parts {
        return Err(damaged("the parts do not match the manifest".to_owned()));
    }
    if manifest.content != digests.finish() {
        return Err(damaged("the rows do not match the digests in the manifest".to_owned()));
    }
    Ok(manifest)
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

fn cannot_read(error: &io::Error, shown: &str) -> Error {
    let cause = error.to_string();
    let reason = if cause.contains("Unknown frame descriptor") {
        "is not a chatkeep backup".to_owned()
    } else if error.kind() == io::ErrorKind::UnexpectedEof || cause.contains("incomplete frame") {
        "is truncated".to_owned()
    } else {
        format!("is damaged ({cause})")
    };
    Error::new(ErrorKind::Corrupt, format!("{shown} {reason}"))
}

fn parse_manifest(bytes: &[u8]) -> Result<Manifest, String> {
    #[derive(serde::Deserialize)]
    struct Header {
        format: u32,
    }
    let header: Header =
        serde_json::from_slice(bytes).map_err(|error| format!("{MANIFEST}: {error}"))?;
    if header.format != FORMAT {
        return Err(format!(
            "unsupported archive format {}; this version reads format {FORMAT}",
            header.format
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("{MANIFEST}: {error}"))
}
