//! Values of which every process has its own.
//!
//! A forked child inherits its parent's connections: the same sockets, the same file locks. If it used or closed one,
//! it would talk into, or end, the parent's session. So whatever belongs to a process is stamped with its id. A child
//! that finds another's stamp makes a new value and leaves the old one alone: it takes no lock of it (another thread of
//! the parent may have held that lock at the moment of the fork, and does not exist here to let it go) and never drops
//! it.

use std::mem;
use std::ops::Deref;
use std::process;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

/// A value that belongs to the process that made it. In any other process, dropping it leaks it.
pub struct OfProcess<T> {
    process: u32,
    /// Taken only when dropped.
    value: Option<T>,
}

impl<T> OfProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: process::id(), value: Some(value) }
    }

    /// Whether this process made it.
    pub(crate) fn is_ours(&self) -> bool {
        self.process == process::id()
    }
}

impl<T> Deref for OfProcess<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("the value is taken only when it is dropped")
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        if !self.is_ours() {
            mem::forget(value);
        }
    }
}

/// A place that holds one value per process.
///
/// The value is swapped without a lock, so that a fork at any moment leaves the child with a usable one.
pub struct PerProcess<T> {
    current: ArcSwap<OfProcess<T>>,
}

impl<T> PerProcess<T> {
    /// The value of the process that we are in now.
    pub fn new(value: T) -> Self {
        Self { current: ArcSwap::from_pointee(OfProcess::new(value)) }
    }

    /// This process's value; made with `make` at the first call in a forked child.
    pub fn get(&self, make: impl FnOnce() -> T) -> Arc<OfProcess<T>> {
        let current = self.current.load();
        if current.is_ours() {
            return Guard::into_inner(current);
        }
        let ours = Arc::new(OfProcess::new(make()));
        let before = self.current.compare_and_swap(&*current, Arc::clone(&ours));
        // Two threads of the child may come here at once; the first one's value is everybody's.
        if Arc::ptr_eq(&before, &current) { ours } else { Guard::into_inner(before) }
    }
}
