//! Reads one part of an archive line by line. At most one batch of rows is in memory.

use std::io::{self, BufRead as _, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::manifest::Part;
use crate::digest::hex;
use crate::table::{HandOver, Rows, TransferTable};

/// Maximum length of a line: a text of 16 MiB, six times as long after JSON escaping, and metadata
/// of 16 MiB, plus the keys.
const MAX_LINE_BYTES: u64 = 113 << 20;
/// Size of a batch, in bytes of its lines.
const BATCH_BYTES: u64 = 4 << 20;

/// Passes the rows of a part to `hand_over` in batches. Returns the part's entry for the manifest.
pub(crate) fn read_part<T: TransferTable>(
    name: &str,
    source: &mut dyn Read,
    hand_over: &mut HandOver<'_>,
) -> Result<Part, Failure> {
    let mut reader = BufReader::with_capacity(64 << 10, Hashed { source, sha256: Sha256::new() });
    let (mut batch, mut batch_bytes) = (Vec::new(), 0);
    let (mut rows, mut bytes) = (0, 0);
    let mut line = Vec::new();
    loop {
        // Release the memory of an unusually long line.
        if line.capacity() > 1 << 20 {
            line = Vec::new();
        }
        line.clear();
        let read = (&mut reader).take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        rows += 1;
        bytes += read as u64;
        batch_bytes += read as u64;
        let damaged = |reason: &str| Failure::Damaged(format!("{name}, line {rows}: {reason}"));
        if read as u64 > MAX_LINE_BYTES {
            return Err(damaged("exceeds the maximum length of 113 MiB"));
        }
        let text = std::str::from_utf8(&line).map_err(|_| damaged("is not UTF-8"))?;
        batch.push(T::read_line(text).map_err(|reason| match unknown_field(&reason) {
            Some(field) => Failure::Newer(format!("{name}, line {rows} has the field `{field}`")),
            None => damaged(&reason),
        })?);
        if batch_bytes >= BATCH_BYTES {
            hand_over(Box::new(Rows::<T>(std::mem::take(&mut batch)))).map_err(Failure::Caller)?;
            batch_bytes = 0;
        }
    }
    if rows == 0 {
        return Err(Failure::Damaged(format!("{name} has no rows")));
    }
    if !batch.is_empty() {
        hand_over(Box::new(Rows::<T>(batch))).map_err(Failure::Caller)?;
    }
    let sha256 = hex(&reader.into_inner().sha256.finalize());
    Ok(Part::new(name.to_owned(), rows, bytes, sha256))
}

/// Returns the name of the unknown field that serde reports: a column of a newer version.
fn unknown_field(reason: &str) -> Option<&str> {
    reason.strip_prefix("unknown field `")?.split('`').next()
}

/// A reader that computes the digest of the bytes read.
struct Hashed<'a> {
    source: &'a mut dyn Read,
    sha256: Sha256,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.sha256.update(&buffer[..count]);
        Ok(count)
    }
}
