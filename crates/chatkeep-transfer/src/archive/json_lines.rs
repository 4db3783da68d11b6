//! Lines of JSON.

use chatkeep_core::{Error, Result};
use serde::Serialize;

/// Appends a line to `out`.
pub(crate) fn write_json_line(line: &impl Serialize, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(&mut *out, line).map_err(cannot_serialize)?;
    out.push(b'\n');
    Ok(())
}

pub(crate) fn cannot_serialize(error: serde_json::Error) -> Error {
    Error::internal("cannot serialize a row as JSON").with_source(error)
}
