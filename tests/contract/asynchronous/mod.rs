//! The calls that are awaited: the same answers as from those that block, on an executor that has nothing but one thread.

mod answers;
mod handing_in;
mod lifecycle;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Runs a future to its end.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}

/// Begins a call, and no longer waits for it.
fn give_up<T>(future: impl Future<Output = T>) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}
