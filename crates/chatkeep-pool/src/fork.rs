//! Values that each process owns separately.
//!
//! A forked child inherits its parent's connections: the same sockets, the same file locks. If the
//! child used a connection, it would write into the parent's session. If it closed one, it would
//! end that session. So every value that belongs to a process stores the id of that process.
//!
//! A child that finds the id of another process creates a new value and leaves the old one alone.
//! It never drops the old value and takes none of its locks. A thread of the parent may have held a
//! lock during the fork, and that thread does not exist in the child.

use std::mem;
use std::ops::Deref;
use std::process;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

/// A value that belongs to the process that created it. Dropping it in another process leaks it.
pub struct OfProcess<T> {
    process: u32,
    /// `None` only while being dropped.
    value: Option<T>,
}

impl<T> OfProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: process::id(), value: Some(value) }
    }

    /// Returns whether this process created the value.
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

/// A container that holds one value per process.
///
/// The value is swapped without a lock, so a fork at any time leaves the child with a usable
/// container.
pub struct PerProcess<T> {
    current: ArcSwap<OfProcess<T>>,
}

impl<T> PerProcess<T> {
    /// Creates a container with the current process's value.
    pub fn new(value: T) -> Self {
        Self { current: ArcSwap::from_pointee(OfProcess::new(value)) }
    }

    /// Returns this process's value. The first call in a forked child creates it with `make`.
    pub fn get(&self, make: impl FnOnce() -> T) -> Arc<OfProcess<T>> {
        let current = self.current.load();
        if current.is_ours() {
            return Guard::into_inner(current);
        }
        let ours = Arc::new(OfProcess::new(make()));
        let before = self.current.compare_and_swap(&*current, Arc::clone(&ours));
        // If two threads of the child get here concurrently, both use the value stored first.
        if Arc::ptr_eq(&before, &current) { ours } else { Guard::into_inner(before) }
    }
}
