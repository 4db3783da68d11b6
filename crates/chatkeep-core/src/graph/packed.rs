//! Binary values of columns: one byte for the encoding, then the content, compressed if that is
//! smaller.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::bulk::{Compressor, Decompressor};

use crate::error::{Error, Result};

/// The content as it is.
const PLAIN: u8 = 0;
/// A frame of Zstandard (RFC 8878), which states the size of the content.
const ZSTD: u8 = 1;

/// Content below this size is not compressed.
const MIN_COMPRESSED: usize = 96;
/// Level at which compression takes about as long as writing the row.
const LEVEL: i32 = 3;
/// Maximum size of the content. It limits the memory for a row that was tampered with.
const MAX_BYTES: u64 = 80 << 20;

thread_local! {
    /// A context has tables of some hundred kilobytes, so each thread keeps one.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Encodes a value as the content of a binary column.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let plain = postcard::to_allocvec(value)
        .map_err(|error| Error::internal(format!("encoding a checkpoint failed: {error}")))?;
    Ok(pack(&plain))
}

/// Decodes a value of a binary column.
///
/// # Errors
/// `Internal` when the value was not written by this library, or by a later version of it.
pub(super) fn decode<T: DeserializeOwned>(packed: &[u8]) -> Result<T> {
    postcard::from_bytes(&unpack(packed)?).map_err(|_| unreadable())
}

/// Encodes bytes as the content of a binary column.
pub(super) fn pack(plain: &[u8]) -> Vec<u8> {
    if plain.len() >= MIN_COMPRESSED
        && let Some(compressed) = compress(plain)
        && compressed.len() < plain.len()
    {
        return with_tag(ZSTD, &compressed);
    }
    with_tag(PLAIN, plain)
}

/// Decodes the bytes of a binary column.
///
/// # Errors
/// `Internal` when the bytes were not written by this library, or by a later version of it.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    match packed.split_first() {
        Some((&PLAIN, plain)) => Ok(plain.to_vec()),
        Some((&ZSTD, compressed)) => decompress(compressed).ok_or_else(unreadable),
        _ => Err(unreadable()),
    }
}

pub(super) fn unreadable() -> Error {
    Error::internal(
        "a stored checkpoint is unreadable: it was changed outside of chatkeep, or is newer",
    )
}

fn with_tag(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(content.len() + 1);
    packed.push(tag);
    packed.extend_from_slice(content);
    packed
}

fn compress(plain: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        if compressor.is_none() {
            *compressor = Compressor::new(LEVEL).ok();
        }
        compressor.as_mut()?.compress(plain).ok()
    })
}

fn decompress(compressed: &[u8]) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(compressed).ok()??;
    let size = usize::try_from(size).ok().filter(|_| size <= MAX_BYTES)?;
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = Decompressor::new().ok();
        }
        decompressor.as_mut()?.decompress(compressed, size).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_unchanged_and_compressed_if_that_is_smaller() {
        for plain in [vec![], vec![7; 10], vec![7; 100_000], (0..=255).collect()] {
            let packed = pack(&plain);
            assert!(packed.len() <= plain.len() + 1);
            assert_eq!(unpack(&packed).expect("it is read"), plain);
        }
        assert!(pack(&[7; 100_000]).len() < 100);
    }

    #[test]
    fn other_bytes_are_refused() {
        let mut cut = pack(&[7; 1_000]);
        cut.pop();
        // The last one states a size of 2^56 bytes.
        let huge = [&[ZSTD, 0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0][..], &[255; 8]].concat();
        for packed in [&[][..], &[2, 1], &[ZSTD], &[ZSTD, 1, 2, 3], &cut, &huge] {
            assert!(unpack(packed).is_err(), "{packed:?}");
        }
    }
}
