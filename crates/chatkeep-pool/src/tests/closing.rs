//! The end of a pool.

use std::thread;

use chatkeep_core::{ErrorKind, Role};

use super::fake::{Fake, settings};
use super::until;
use crate::backend::Layout;

#[test]
fn closing_closes_what_lies_ready_at_once_and_the_rest_when_it_comes_back() {
    for layout in [Layout::Server, Layout::File, Layout::Memory] {
        let fake = Fake::new(layout);
        let keeper = fake.keeper(settings(3, 1));
        let lease = keeper.lease(Role::Writer).unwrap();
        if layout != Layout::Memory {
            drop(keeper.lease(Role::Reader).unwrap());
            assert_eq!(keeper.status().checked_in, 1);
        }
        keeper.close();
        keeper.close();
        assert_eq!(fake.open_now(), 1);
        assert_eq!(keeper.status().checked_in, 0);
        drop(lease);
        assert_eq!(fake.open_now(), 0);
        assert_eq!(keeper.status().total, 0);
    }
}

#[test]
fn a_closed_pool_says_so_to_those_who_wait_and_those_who_come() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    let lease = keeper.lease(Role::Writer).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| keeper.lease(Role::Reader).map(drop).unwrap_err());
        until(|| keeper.status().waiting == 1);
        keeper.close();
        assert_eq!(waiting.join().unwrap().to_string(), "the connection pool has been closed");
    });
    drop(lease);
    let error = keeper.lease(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!error.is_retryable());
    assert_eq!(
        keeper.wait_until_ready().unwrap_err().to_string(),
        "the connection pool has been closed"
    );
}

#[test]
fn a_pool_that_was_never_used_can_be_closed() {
    let fake = Fake::new(Layout::File);
    let keeper = fake.keeper(settings(1, 0));
    keeper.close();
    assert!(keeper.lease(Role::Reader).is_err());
    assert_eq!(fake.attempts(), 0);
}

#[test]
fn dropping_the_pool_closes_its_connections() {
    let fake = Fake::new(Layout::File);
    let keeper = fake.keeper(settings(2, 0));
    let late = keeper.lease(Role::Reader).unwrap();
    assert_eq!(fake.open_now(), 2);
    drop(keeper);
    drop(late);
    // r2d2's thread may hold the last reference to its pool for a moment longer.
    until(|| fake.open_now() == 0);
}
