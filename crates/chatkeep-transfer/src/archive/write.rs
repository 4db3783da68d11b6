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

    /// Writes a batch as one part.
    pub(crate) fn add(&mut self, batch: &dyn Batch) -> Result<()> {
        let count = self.counts.entry(batch.table()).or_default();
        *count += 1;
        let name = format!("{}/{count:06}.jsonl", batch.table());
        let mut lines = std::mem::take(&mut self.buffer);
        lines.clear();
        batch.write_lines(&mut lines)?;
        self.entry(&name, &lines)?;
        self.parts.push(Part::new(name, batch.len(), lines.len() as u64, hex_digest(&lines)));
        self.buffer = lines;
        Ok(())
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
