//! Reading an archive, part by part, and believing none of it unseen.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use chatkeep_core::{Error, ErrorKind, Result};
use tar::Archive;

use super::manifest::{FORMAT, Manifest, Part};
use super::{MANIFEST, part};
use crate::batch::Batch;
use crate::digest::Digests;

/// A part is a few megabytes, or a single row of at most 16 MiB, which JSON may write six times as long.
const MOST_PART: u64 = 128 << 20;
/// A manifest has lines of more than a hundred bytes for each part.
const MOST_MANIFEST: u64 = 32 << 20;
const MOST_PARTS: u64 = MOST_MANIFEST / 100;
/// The logarithm of the memory that zstd may keep of what it has written: 32 MiB. Ours need 2 MiB, those that were
/// compressed anew by `zstd -19` need 8 MiB.
const WINDOW: u32 = 25;

/// Hands over the rows of an archive, part by part, and returns its manifest when everything fits it.
///
/// # Errors
/// `Configuration` when the file cannot be read; `Corrupt` when it is no archive of ours, was cut off, or was changed.
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
        Error::configuration(format!("{shown} cannot be read: {reason}"))
    })?;
    let mut decoder = zstd::Decoder::new(BufReader::with_capacity(256 << 10, file))
        .map_err(|error| cannot_read(&error))?;
    decoder.window_log_max(WINDOW).map_err(|error| cannot_read(&error))?;
    let mut archive = Archive::new(decoder);
    let mut parts: Vec<Part> = Vec::new();
    let mut digests = Digests::default();
    let mut manifest = None;
    // Raw: names and sizes that tar's extensions put into entries of their own would be read whole, whatever their length.
    for entry in archive.entries().map_err(|error| cannot_read(&error))?.raw(true) {
        let mut entry = entry.map_err(|error| cannot_read(&error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if manifest.is_some() {
            return Err(damaged(format!("{name} stands behind the manifest")));
        }
        if !entry.header().entry_type().is_file() {
            return Err(damaged(format!("{name} is not a regular file")));
        }
        let most = if name == MANIFEST { MOST_MANIFEST } else { MOST_PART };
        if entry.size() > most || parts.len() as u64 > MOST_PARTS {
            return Err(damaged(format!(
                "{name} is longer than any part is, or one of too many parts"
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
            return Err(damaged("was cut off".to_owned()));
        }
        parts.push(part);
    }
    // To the very end: there stands zstd's checksum, and nothing else may.
    let is_padding = only_zeros(&mut archive.into_inner()).map_err(|error| cannot_read(&error))?;
    if !is_padding {
        return Err(damaged("something stands behind its end".to_owned()));
    }
    let Some(manifest) = manifest else {
        return Err(damaged(
            "has no manifest: it is no backup of chatkeep's, or was cut off".to_owned(),
        ));
    };
    if manifest.parts != parts {
        return Err(damaged("its parts are not those of its manifest".to_owned()));
    }
    if manifest.content != digests.finish() {
        return Err(damaged("its rows are not those of its manifest".to_owned()));
    }
    Ok(manifest)
}

/// Reads what is left, and tells whether it is nothing but zeros, with which tar fills its last block.
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
    let said = error.to_string();
    let reason = if said.contains("Unknown frame descriptor") {
        "is no backup of chatkeep's".to_owned()
    } else if error.kind() == io::ErrorKind::UnexpectedEof || said.contains("incomplete frame") {
        "was cut off".to_owned()
    } else {
        format!("is damaged ({said})")
    };
    Error::new(ErrorKind::Corrupt, format!("{shown} {reason}"))
}

fn parse_manifest(bytes: &[u8]) -> Result<Manifest, String> {
    #[derive(serde::Deserialize)]
    struct Form {
        format: u32,
    }
    let form: Form =
        serde_json::from_slice(bytes).map_err(|error| format!("{MANIFEST}: {error}"))?;
    if form.format != FORMAT {
        return Err(format!("is of form {}; this program reads form {FORMAT}", form.format));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("{MANIFEST}: {error}"))
}
