//! Reading one part of an archive, line by line: however long it is, a batch of its rows is in memory.

use std::io::{self, BufRead as _, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::manifest::Part;
use super::rows::{to_message, to_token};
use super::{MESSAGES, TOKENS};
use crate::batch::Batch;
use crate::digest::hex;

/// A row has at most 16 MiB, which JSON may write six times as long, and some keys.
const LONGEST_LINE: u64 = 97 << 20;
/// Rows are handed over when their lines have this many bytes.
const BATCH_BYTES: u64 = 4 << 20;

/// Why a part was not read to its end.
pub(super) enum Failure<E> {
    /// The archive cannot be read.
    Read(io::Error),
    /// The part is not one of ours.
    Damaged(String),
    /// The caller's own error.
    Caller(E),
}

/// Hands over the rows of a part, and returns what a manifest says of it.
pub(super) fn read<E>(
    name: &str,
    source: impl Read,
    mut hand_over: impl FnMut(Batch) -> Result<(), E>,
) -> Result<Part, Failure<E>> {
    let empty: fn() -> Batch = match name.split('/').next() {
        Some(TOKENS) => || Batch::Tokens(Vec::new()),
        Some(MESSAGES) => || Batch::Messages(Vec::new()),
        _ => return Err(Failure::Damaged(format!("{name} is no part that is known"))),
    };
    let mut reader = BufReader::with_capacity(64 << 10, Hashed { source, sha256: Sha256::new() });
    let (mut batch, mut batch_bytes) = (empty(), 0);
    let (mut rows, mut bytes) = (0, 0);
    let mut line = Vec::new();
    loop {
        // One huge line must not keep its memory until the end.
        if line.capacity() > 1 << 20 {
            line = Vec::new();
        }
        line.clear();
        let read = (&mut reader)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line)
            .map_err(Failure::Read)?;
        if read == 0 {
            break;
        }
        rows += 1;
        bytes += read as u64;
        batch_bytes += read as u64;
        let damaged = |reason: &str| Failure::Damaged(format!("{name}, line {rows}: {reason}"));
        if read as u64 > LONGEST_LINE {
            return Err(damaged("is longer than any row"));
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
        return Err(Failure::Damaged(format!("{name} holds no row")));
    }
    if batch.len() > 0 {
        hand_over(batch).map_err(Failure::Caller)?;
    }
    let sha256 = hex(&reader.into_inner().sha256.finalize());
    Ok(Part::new(name.to_owned(), rows, bytes, sha256))
}

/// A source, and the digest of what was read of it.
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
