//! Binary data: a `Buffer`, or another view of an `ArrayBuffer`, such as a `Uint8Array`.

use chatkeep::Bytes;
use napi::JsValue as _;
use napi::bindgen_prelude::{BufferSlice, FromNapiValue as _};

use super::{ArgError, ArgResult, JsArg};

/// Converts binary data. It is copied here, on the thread of JavaScript, because only this thread
/// may read it, and the caller may change it during the call.
pub(super) fn bytes(field: &str, arg: &JsArg<'_>) -> ArgResult<Bytes> {
    // Node-API takes any view for a buffer.
    if !arg.is_buffer()? {
        return Err(ArgError::wrong_type(field, "a Buffer or a Uint8Array", arg));
    }
    Ok(BufferSlice::from_unknown(*arg)?.to_vec().into())
}
