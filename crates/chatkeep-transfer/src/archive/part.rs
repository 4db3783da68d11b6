//! Reads one part of an archive line by line. At most one batch of rows is in memory.

use std::io::{self, BufRead as _, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::manifest::Part;
use super::rows::{to_message, to_token};
use super::{MESSAGES, TOKENS};
use crate::batch::Batch;
use crate::digest::hex;

/// Maximum length of a line: a row of 16 MiB, six times as long after JSON escaping, plus the keys.
const MAX_LINE_BYTES: u64 = 97 << 20;
/// Size of a batch, in bytes of its lines.
const BATCH_BYTES: u64 = 4 << 20;

/// Reason why a part was not read completely.
pub(super) enum Failure<E> {
    /// Reading the archive failed.
    Read(io::Error),
    /// The part is invalid.
    Damaged(String),
    /// The callback returned an error.
    Caller(E),
}

/// Passes the rows of a part to `hand_over` in batches. Returns the part's entry for the manifest.
pub(super) fn read<E>(
    name: &str,
    source: impl Read,
    mut hand_over: impl FnMut(Batch) -> Result<(), E>,
) -> Result<Part, Failure<E>> {
    let empty: fn() -> Batch = match name.split('/').next() {
        Some(TOKENS) => || Batch::Tokens(Vec::new()),
        Some(MESSAGES) => || Batch::Messages(Vec::new()),
        _ => return Err(Failure::Damaged(format!("unknown entry {name}"))),
    };
    let mut reader = BufReader::with_capacity(64 << 10, Hashed { source, sha256: Sha256::new() });
    let (mut batch, mut batch_bytes) = (empty(), 0);
    let (mut rows, mut bytes) = (0, 0);
    let mut line = Vec::new();
    loop {
        // Release the memory of an unusually long line.
        if line.capacity() > 1 << 20 {
            line = Vec::new();
        }
        line.clear();
        let read = (&mut reader)
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut line)
            .map_err(Failure::Read)?;
        if read == 0 {
            break;
        }
        rows += 1;
        bytes += read as u64;
        batch_bytes += read as u64;
        let damaged = |reason: &str| Failure::Damaged(format!("{name}, line {rows}: {reason}"));
        if read as u64 > MAX_LINE_BYTES {
            return Err(damaged("exceeds the maximum length of 97 MiB"));
        }
        let text = std::str::from_utf8(&line).map_err(|_| damaged("is not UTF-8"))?;
        match &mut batch {
            Batch::Tokens(tokens) => tokens.push(to_token(text).map_err(|error| damaged(&error))?),
            Batch::Messages(messages) => {
                messages.push(to_message(text).map_err(|error| damaged(&error))?)
            }
        }
        if batch_bytes >= BATCH_BYTES {
            hand_over(std::mem::replace(&mut batch, empty())).map_err(Failure::Caller)?;
            batch_bytes = 0;
        }
    }
    if rows == 0 {
        return Err(Failure::Damaged(format!("{name} has no rows")));
    }
    if batch.len() > 0 {
        hand_over(batch).map_err(Failure::Caller)?;
    }
    let sha256 = hex(&reader.into_inner().sha256.finalize());
    Ok(Part::new(name.to_owned(), rows, bytes, sha256))
}

/// A reader that computes the digest of the bytes read.
struct Hashed<R> {
    source: R,
    sha256: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.sha256.update(&buffer[..count]);
        Ok(count)
    }
}
