//! The open stores. A handle is a number, so that a call of a closed store is an error.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use chatkeep::{Chatkeep, Error, ErrorKind, Result};

type Stores = HashMap<u64, Arc<Chatkeep>>;

static STORES: LazyLock<RwLock<Stores>> = LazyLock::new(RwLock::default);

/// Adds a store, and returns its handle. No handle is used twice.
pub(crate) fn insert(chat: Chatkeep) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let handle = NEXT.fetch_add(1, Ordering::Relaxed);
    STORES.write().unwrap_or_else(PoisonError::into_inner).insert(handle, Arc::new(chat));
    handle
}

/// Returns an open store.
pub(crate) fn get(handle: u64) -> Result<Arc<Chatkeep>> {
    let stores = STORES.read().unwrap_or_else(PoisonError::into_inner);
    stores.get(&handle).cloned().ok_or_else(|| {
        Error::new(ErrorKind::Unavailable, "this store is closed").with_retryable(false)
    })
}

/// Removes a store and closes it, if it is open.
pub(crate) fn close(handle: u64, timeout: Duration) -> Result<()> {
    let removed = STORES.write().unwrap_or_else(PoisonError::into_inner).remove(&handle);
    removed.map_or(Ok(()), |chat| chat.close(timeout))
}
