//! The asynchronous API: returns the same results as the blocking one, on a single-threaded
//! executor without timers.

mod lifecycle;
mod results;
mod submitting;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Runs a future to completion.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}

/// Polls a call once and then drops it.
fn poll_once<T>(future: impl Future<Output = T>) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}
