//! Breaking a call off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi_derive::napi;

/// Breaks off the calls that it is given to.
#[napi]
#[derive(Default)]
pub struct Abort {
    is_asked_for: Arc<AtomicBool>,
}

#[napi]
impl Abort {
    /// One that has not been asked to yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Breaks off, at the next place where the call waits.
    #[napi]
    pub fn abort(&self) {
        self.is_asked_for.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> impl Fn() -> bool + Send + 'static {
        let is_asked_for = Arc::clone(&self.is_asked_for);
        move || is_asked_for.load(Ordering::Relaxed)
    }
}
