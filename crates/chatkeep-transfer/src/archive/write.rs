//! Writes an archive part by part.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chatkeep_core::{Error, ErrorKind, Result};
use tar::{Builder, EntryType, Header};

use super::MANIFEST;
use super::manifest::{Manifest, Part};
use crate::digest::hex_digest;
use crate::table::Batch;

/// Compression level: zstd's default.
const LEVEL: i32 = 3;
/// Maximum size of a part, in bytes, unless its only row is larger. Readers accept much more.
const PART_BYTES: usize = 4 << 20;

/// Writer of an archive.
pub(crate) struct Writer<W: Write> {
    tar: Builder<zstd::Encoder<'static, W>>,
    parts: Vec<Part>,
    /// Number of parts written by table.
    counts: BTreeMap<&'static str, u32>,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(out: W) -> Result<Self> {
        let mut encoder = zstd::Encoder::new(out, LEVEL).map_err(|error| cannot_write(&error))?;
        encoder.include_checksum(true).map_err(|error| cannot_write(&error))?;
        Ok(Self {
            tar: Builder::new(encoder),
            parts: Vec::new(),
            counts: BTreeMap::new(),
            buffer: Vec::new(),
        })
    }

    /// Writes a batch as one part, or as several if it is large.
    pub(crate) fn add(&mut self, batch: &dyn Batch) -> Result<()> {
        let mut from = 0;
        while (from as u64) < batch.len() {
            from += self.add_part(batch, from)?;
        }
        Ok(())
    }

    /// Writes the rows from an index on as one part. Returns their number, which is at least 1.
    fn add_part(&mut self, batch: &dyn Batch, from: usize) -> Result<usize> {
        let count = self.counts.entry(batch.table()).or_default();
        *count += 1;
        let name = format!("{}/{count:06}.jsonl", batch.table());
        let mut lines = std::mem::take(&mut self.buffer);
        lines.clear();
        let rows = batch.write_lines(from, PART_BYTES, &mut lines)?;
        self.entry(&name, &lines)?;
        self.parts.push(Part::new(name, rows as u64, lines.len() as u64, hex_digest(&lines)));
        self.buffer = lines;
        Ok(rows)
    }

    fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes.len() as u64);
        // Messages are private: readable by the owner only.
        header.set_mode(0o600);
        header.set_mtime(0);
        self.tar.append_data(&mut header, name, bytes).map_err(|error| cannot_write(&error))
    }

    /// Writes the manifest, which makes the archive complete.
    pub(crate) fn finish(
        mut self,
        manifest: impl FnOnce(Vec<Part>) -> Manifest,
    ) -> Result<Manifest> {
        let manifest = manifest(std::mem::take(&mut self.parts));
        let mut text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Error::internal("cannot serialize the manifest").with_source(error))?;
        text.push(b'\n');
        self.entry(MANIFEST, &text)?;
        let end = || self.tar.into_inner()?.finish()?.flush();
        end().map_err(|error| cannot_write(&error))?;
        Ok(manifest)
    }
}

fn cannot_write(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot write the archive: {error}")).with_retryable(false)
}
