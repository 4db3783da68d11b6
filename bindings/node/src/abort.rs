//! Cancellation of calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi_derive::napi;

/// Aborts the calls that it is passed to.
#[napi]
#[derive(Default)]
pub struct Abort {
    is_requested: Arc<AtomicBool>,
}

#[napi]
impl Abort {
    /// Creates a handle that has not been aborted.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Aborts the calls, each at the next point where it waits.
    #[napi]
    pub fn abort(&self) {
        self.is_requested.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> impl Fn() -> bool + Send + 'static {
        let is_requested = Arc::clone(&self.is_requested);
        move || is_requested.load(Ordering::Relaxed)
    }
}
