//! Text of an argument, or of standard input.

use std::borrow::Cow;
use std::io::{self, Read as _};

use crate::failure::Failure;

/// Maximum number of bytes read: slightly more than a value may have, so that the library rejects
/// it.
const MAX_BYTES: u64 = (1 << 20) + (64 << 10);

/// Returns an argument, or standard input if it is `-`.
pub(crate) fn read_argument(argument: &str) -> Result<Cow<'_, str>, Failure> {
    if argument != "-" {
        return Ok(Cow::Borrowed(argument));
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text);
    read.map_err(|error| Failure::file("standard input", &error))?;
    Ok(Cow::Owned(text))
}
