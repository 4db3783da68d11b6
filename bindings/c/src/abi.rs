//! The exported functions. `chatkeep.h` is generated from this file.
#![expect(unsafe_code, reason = "C passes pointers")]

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use chatkeep::{Error, Result, interruptible};

use crate::failure::{catch_panic, failure};
use crate::{call, settings, stores};

/// The result of a call: JSON text in UTF-8, without a NUL at its end. Pass each one to
/// `chatkeep_free`, errors included.
///
/// An error is an object with `kind`, `message`, `field`, `operation`, `retryable`, `state` and
/// `causes`. No error contains a token, a password or the text of a message.
#[repr(C)]
pub struct ChatkeepAnswer {
    /// The text.
    pub(crate) data: *mut c_char,
    /// Length of the text in bytes.
    pub(crate) length: usize,
    /// Whether the text is an error.
    pub(crate) is_error: bool,
}

/// Opens a store, without connecting. Its handle is written to `handle`, or 0 after an error.
///
/// `settings` is a JSON object of `length` bytes: `url`, and settings such as `pool_size`. Settings
/// that are omitted or `null` are read from the environment. Every function may be called from any
/// thread.
///
/// # Safety
/// `settings` has `length` readable bytes, and `handle` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatkeep_open(
    settings: *const c_char,
    length: usize,
    handle: *mut u64,
) -> ChatkeepAnswer {
    let opened = catch_panic("open", || {
        // SAFETY: as the caller promises.
        let settings = unsafe { text("settings", settings, length) }?;
        settings::open(settings).map(stores::insert)
    });
    // SAFETY: as the caller promises.
    unsafe { handle.write(*opened.as_ref().unwrap_or(&0)) };
    answer(opened.map(|_| b"null".to_vec()))
}

/// Calls an operation, such as `tokens.revoke_token`, and waits for its result.
///
/// `arguments` is a JSON object; omitted arguments have their defaults. Binary data is base64 text,
/// as in results. If `cancelled` is not null, it points to an integer that another thread may set,
/// atomically, to a value other than 0. The wait then ends within about 50 ms with an error of the
/// kind `Interrupted`; a write that has started may still take effect. A call with the handle of a
/// closed store fails.
///
/// # Safety
/// `operation` has `operation_length` readable bytes, and `arguments` has `arguments_length`.
/// `cancelled` is null, or valid during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatkeep_call(
    handle: u64,
    operation: *const c_char,
    operation_length: usize,
    arguments: *const c_char,
    arguments_length: usize,
    cancelled: *const u32,
) -> ChatkeepAnswer {
    // SAFETY: as the caller promises.
    let (operation, arguments, cancelled) = unsafe {
        (
            text("operation", operation, operation_length),
            text("arguments", arguments, arguments_length),
            flag(cancelled),
        )
    };
    let run = || call::call(handle, operation?, arguments?);
    answer(with_flag(cancelled, || catch_panic("call", run)))
}

/// Closes a store: it rejects new calls, waits for operations in flight up to a number of seconds,
/// and closes all connections. Closing a closed store does nothing.
///
/// # Safety
/// `cancelled` is as for `chatkeep_call`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatkeep_close(
    handle: u64,
    timeout: f64,
    cancelled: *const u32,
) -> ChatkeepAnswer {
    // SAFETY: as the caller promises.
    let cancelled = unsafe { flag(cancelled) };
    let run = || stores::close(handle, call::seconds(timeout)?).map(|()| b"null".to_vec());
    answer(with_flag(cancelled, || catch_panic("close", run)))
}

/// Frees an answer.
///
/// # Safety
/// The answer is from one of the other functions, and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatkeep_free(answer: ChatkeepAnswer) {
    if !answer.data.is_null() {
        let text = ptr::slice_from_raw_parts_mut(answer.data.cast::<u8>(), answer.length);
        // SAFETY: `answer()` made both parts from a boxed slice.
        drop(unsafe { Box::from_raw(text) });
    }
}

/// Returns the version, such as `0.1.0`: a text that ends with a NUL and is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn chatkeep_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

fn answer(outcome: Result<Vec<u8>>) -> ChatkeepAnswer {
    let is_error = outcome.is_err();
    let text = outcome.unwrap_or_else(|error| failure(&error)).into_boxed_slice();
    ChatkeepAnswer { length: text.len(), data: Box::into_raw(text).cast(), is_error }
}

/// Returns a text of the caller.
///
/// # Safety
/// `data` has `length` bytes that stay readable during the call.
unsafe fn text<'a>(name: &'static str, data: *const c_char, length: usize) -> Result<&'a str> {
    if data.is_null() {
        return Err(Error::invalid_input(name, "must not be a null pointer"));
    }
    // SAFETY: as the caller promises.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
    std::str::from_utf8(bytes).map_err(|_| Error::invalid_input(name, "must be UTF-8"))
}

/// Returns the flag that cancels a call.
///
/// # Safety
/// `cancelled` is null, or valid during the call.
unsafe fn flag(cancelled: *const u32) -> Option<&'static AtomicU32> {
    // SAFETY: it is only read, and not after the call.
    (!cancelled.is_null()).then(|| unsafe { AtomicU32::from_ptr(cancelled.cast_mut()) })
}

fn with_flag<T>(cancelled: Option<&'static AtomicU32>, work: impl FnOnce() -> T) -> T {
    match cancelled {
        Some(flag) => interruptible(move || flag.load(Ordering::Relaxed) != 0, work),
        None => work(),
    }
}
