//! Closing a pool.

use std::thread;

use chatkeep_core::{ErrorKind, Role};

use super::fake::{Fake, settings};
use super::until;
use crate::backend::Layout;

#[test]
fn closing_closes_idle_connections_now_and_used_ones_on_return() {
    for layout in [Layout::Server, Layout::File, Layout::Memory] {
        let fake = Fake::new(layout);
        let pool = fake.pool(settings(3, 1));
        let checkout = pool.checkout(Role::Writer).unwrap();
        if layout != Layout::Memory {
            drop(pool.checkout(Role::Reader).unwrap());
            assert_eq!(pool.status().checked_in, 1);
        }
        pool.close();
        // Closing a closed pool has no effect.
        pool.close();
        assert_eq!(fake.open_now(), 1);
        assert_eq!(pool.status().checked_in, 0);
        drop(checkout);
        assert_eq!(fake.open_now(), 0);
        assert_eq!(pool.status().total, 0);
    }
}

#[test]
fn waiting_and_later_calls_fail_when_the_pool_is_closed() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    let checkout = pool.checkout(Role::Writer).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.checkout(Role::Reader).map(drop).unwrap_err());
        until(|| pool.status().waiting == 1);
        pool.close();
        assert_eq!(waiting.join().unwrap().to_string(), "the connection pool is closed");
    });
    drop(checkout);
    let error = pool.checkout(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!error.is_retryable());
    assert_eq!(pool.wait_until_ready().unwrap_err().to_string(), "the connection pool is closed");
}

#[test]
fn an_unused_pool_can_be_closed() {
    let fake = Fake::new(Layout::File);
    let pool = fake.pool(settings(1, 0));
    pool.close();
    assert!(pool.checkout(Role::Reader).is_err());
    assert_eq!(fake.attempts(), 0);
}

#[test]
fn dropping_the_pool_closes_its_connections() {
    let fake = Fake::new(Layout::File);
    let pool = fake.pool(settings(2, 0));
    let late = pool.checkout(Role::Reader).unwrap();
    assert_eq!(fake.open_now(), 2);
    drop(pool);
    drop(late);
    // A thread of r2d2 (the library that stores the connections) may drop its pool slightly later.
    until(|| fake.open_now() == 0);
}
