//! Check-out and check-in: which connection a call gets, and when it is pinged or replaced.

use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Role};

use super::fake::{Fake, settings};
use super::until;
use crate::backend::Layout;
use crate::settings::PoolSettings;
use crate::status::PoolStatus;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn no_connection_is_opened_before_the_first_call() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 1));
    assert_eq!(fake.attempts(), 0);
    let expected = PoolStatus { pool_size: 2, max: 3, ..PoolStatus::default() };
    assert_eq!(pool.status(), expected);
}

#[test]
fn a_returned_connection_is_reused() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 0));
    for role in [Role::Reader, Role::Writer, Role::Reader] {
        assert_eq!(pool.checkout(role).unwrap().connection().number, 1);
    }
    assert_eq!(fake.attempts(), 1);
    assert_eq!(fake.pings(), 0, "the connection was used recently");
}

#[test]
fn the_most_recently_used_connection_is_used_first() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 0));
    let (one, two) = (pool.checkout(Role::Reader).unwrap(), pool.checkout(Role::Reader).unwrap());
    drop(two);
    drop(one);
    assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 1);
}

#[test]
fn the_status_counts_connections_and_waiting_calls() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 1));
    let mut checkouts: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    let full = PoolStatus {
        pool_size: 2,
        checked_in: 0,
        checked_out: 3,
        overflow: 1,
        total: 3,
        max: 3,
        waiting: 0,
    };
    assert_eq!(pool.status(), full);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.checkout(Role::Writer).unwrap().connection().number);
        until(|| pool.status().waiting == 1);
        checkouts.remove(0);
        assert_eq!(waiting.join().unwrap(), 1, "a waiting call gets the returned connection");
    });
    checkouts.clear();
    let idle = PoolStatus {
        pool_size: 2,
        checked_in: 2,
        checked_out: 0,
        overflow: 0,
        total: 2,
        max: 3,
        waiting: 0,
    };
    assert_eq!(pool.status(), idle);
    assert_eq!(fake.closed(), [3], "only the overflow connection is closed");
}

#[test]
fn the_status_serializes_to_json() {
    let pool = Fake::new(Layout::File).pool(settings(2, 1));
    let expected = serde_json::json!({
        // Two readers and the writer.
        "pool_size": 3, "checked_in": 0, "checked_out": 0, "overflow": 0, "total": 0, "max": 4,
        "waiting": 0,
    });
    assert_eq!(serde_json::to_value(pool.status()).unwrap(), expected);
}

#[test]
fn an_overflow_connection_is_handed_to_a_waiting_call() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 1));
    let _persistent = pool.checkout(Role::Reader).unwrap();
    let overflow = pool.checkout(Role::Reader).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.checkout(Role::Reader).unwrap().connection().number);
        until(|| pool.status().waiting == 1);
        drop(overflow);
        assert_eq!(waiting.join().unwrap(), 2);
    });
    assert_eq!(fake.closed(), [2]);
}

#[test]
fn a_call_times_out_when_all_connections_are_in_use() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { pool_timeout: SECOND / 100, ..settings(1, 1) });
    let _checkouts = [pool.checkout(Role::Reader).unwrap(), pool.checkout(Role::Reader).unwrap()];
    let error = pool.checkout(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(text.contains("all 2 are in use (pool size 1 + overflow 1)"), "{text}");
    assert_eq!(pool.status().waiting, 0);
}

#[test]
fn a_broken_connection_is_closed_and_replaced() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    pool.checkout(Role::Writer).unwrap().connection_mut().broken = true;
    assert_eq!(fake.closed(), [1]);
    assert_eq!(pool.status().total, 0);
    assert_eq!(pool.checkout(Role::Writer).unwrap().connection().number, 2);
}

#[test]
fn a_connection_is_pinged_after_more_than_5_idle_seconds() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    fake.advance(5 * SECOND);
    drop(pool.checkout(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 0);
    fake.advance(5 * SECOND + Duration::from_millis(1));
    drop(pool.checkout(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 1);
    drop(pool.checkout(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 1, "the connection was used recently");
}

#[test]
fn pinging_can_be_turned_off() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { pre_ping: false, ..settings(2, 0) });
    let mut one = pool.checkout(Role::Reader).unwrap();
    drop(pool.checkout(Role::Reader).unwrap());
    one.connection_mut().broken = true;
    drop(one);
    fake.advance(60 * SECOND);
    drop(pool.checkout(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 0);
}

#[test]
fn a_lost_connection_is_replaced_without_an_error() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    fake.advance(6 * SECOND);
    fake.lose_connections(true);
    fake.pinging_takes(2 * SECOND);
    assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 2);
    assert_eq!(fake.closed(), [1]);
    assert_eq!(
        fake.connect_timeouts(),
        [10 * SECOND, 8 * SECOND],
        "the ping counts towards the deadline"
    );
}

#[test]
fn a_ping_that_uses_up_the_deadline_fails_the_call() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    fake.advance(6 * SECOND);
    fake.lose_connections(true);
    fake.pinging_takes(10 * SECOND);
    let error = pool.checkout(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(fake.attempts(), 1);
    assert_eq!(pool.status().total, 0);
}

#[test]
fn older_connections_are_pinged_once_after_a_break() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(3, 0));
    let mut checkouts: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    checkouts[0].connection_mut().broken = true;
    checkouts.clear();

    let again: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    assert_eq!(fake.pings(), 2, "only the two older connections are pinged");
    assert_eq!(fake.attempts(), 4);
    drop(again);
    let _again: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    assert_eq!(fake.pings(), 2);
}

#[test]
fn callers_get_no_stale_connection_after_a_server_restart() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(3, 0));
    let mut checkouts: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    fake.lose_connections(true);
    checkouts[0].connection_mut().broken = true;
    checkouts.clear();
    let again: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    assert!(again.iter().all(|checkout| checkout.connection().number > 3));
    assert_eq!(fake.open_now(), 3);
}

#[test]
fn an_expired_connection_is_closed_on_return() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { pool_recycle: 100 * SECOND, ..settings(1, 0) });
    let checkout = pool.checkout(Role::Reader).unwrap();
    fake.advance(94 * SECOND);
    drop(checkout);
    assert!(fake.closed().is_empty(), "the random number is 0.5: the lifetime is 95 s");
    let checkout = pool.checkout(Role::Reader).unwrap();
    fake.advance(SECOND);
    drop(checkout);
    assert_eq!(fake.closed(), [1]);
}

#[test]
fn an_expired_connection_is_replaced_at_check_out() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { pool_recycle: 100 * SECOND, ..settings(1, 0) });
    drop(pool.checkout(Role::Reader).unwrap());
    fake.advance(95 * SECOND);
    assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 2);
    assert_eq!(fake.pings(), 0, "an expired connection is not pinged");
}

#[test]
fn a_connection_lives_for_90_to_100_percent_of_pool_recycle() {
    for (random, life) in [(0.0, 90), (0.999_999, 100)] {
        let fake = Fake::new(Layout::Server);
        fake.set_random(random);
        let pool = fake.pool(PoolSettings { pool_recycle: 100 * SECOND, ..settings(1, 0) });
        drop(pool.checkout(Role::Reader).unwrap());
        fake.advance((life - 1) * SECOND);
        assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 1);
        fake.advance(SECOND);
        assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 2);
    }
}

#[test]
fn recycling_can_be_turned_off() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { pool_recycle: Duration::ZERO, ..settings(1, 0) });
    drop(pool.checkout(Role::Reader).unwrap());
    fake.advance(1_000_000 * SECOND);
    assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 1);
}

#[test]
fn a_panic_releases_the_permit_and_closes_the_connection() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let _checkout = pool.checkout(Role::Writer).unwrap();
        panic::resume_unwind(Box::new("a panic of the caller"));
    }));
    assert!(result.is_err());
    assert_eq!(fake.closed(), [1]);
    assert_eq!(pool.status().checked_out, 0);
    assert_eq!(pool.checkout(Role::Writer).unwrap().connection().number, 2);
}

#[test]
fn a_failure_to_open_releases_the_permit() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    pool.checkout(Role::Writer).unwrap().connection_mut().broken = true;
    for _ in 0..5 {
        fake.fail_next_open(Error::new(ErrorKind::Unavailable, "connection refused"));
        let error = pool.checkout(Role::Writer).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "connection refused");
        assert_eq!(pool.status().total, 0);
    }
    assert!(pool.checkout(Role::Writer).is_ok());
}

#[test]
fn calls_retry_while_the_server_is_full() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 0));
    let _first = pool.checkout(Role::Reader).unwrap();
    for _ in 0..3 {
        fake.fail_next_open(Error::new(ErrorKind::PoolTimeout, "too many clients"));
    }
    assert!(pool.checkout(Role::Reader).is_ok());
    assert_eq!(
        fake.slept(),
        [10, 20, 40].map(Duration::from_millis),
        "half of each maximum pause, because the random number is 0.5"
    );
}

#[test]
fn a_server_that_stays_full_is_reported_after_the_pool_timeout() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 0));
    let _first = pool.checkout(Role::Reader).unwrap();
    fake.fail_every_open(Some(ErrorKind::PoolTimeout));
    let error = pool.checkout(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert_eq!(error.to_string(), "refused by the test server (tried for 20 s)");
    assert_eq!(fake.passed(), 20 * SECOND);
    assert_eq!(pool.status().checked_out, 1);
}

#[test]
fn a_returned_connection_serves_a_call_that_a_full_server_refused() {
    for (pool_size, max_overflow) in [(2, 0), (1, 1)] {
        let fake = Fake::new(Layout::Server);
        fake.freeze_clock();
        let pool = fake.pool(settings(pool_size, max_overflow));
        let first = pool.checkout(Role::Reader).unwrap();
        fake.fail_every_open(Some(ErrorKind::PoolTimeout));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| pool.checkout(Role::Reader).unwrap().connection().number);
            until(|| fake.attempts() > 2);
            drop(first);
            assert_eq!(waiting.join().unwrap(), 1);
        });
        assert_eq!(pool.status().checked_in, 1);
    }
}

#[test]
fn a_file_has_one_writer_and_separate_readers() {
    let fake = Fake::new(Layout::File);
    let pool = fake.pool(PoolSettings { pool_timeout: SECOND / 100, ..settings(2, 1) });
    let writer = pool.checkout(Role::Writer).unwrap();
    let readers: Vec<_> = (0..3).map(|_| pool.checkout(Role::Reader).unwrap()).collect();
    assert_eq!(writer.connection().role, Role::Writer);
    assert!(readers.iter().all(|checkout| checkout.connection().role == Role::Reader));
    let error = pool.checkout(Role::Writer).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert!(error.to_string().contains("SQLite's only write connection"), "{error}");
    let expected = PoolStatus {
        pool_size: 3,
        checked_in: 0,
        checked_out: 4,
        overflow: 1,
        total: 4,
        max: 4,
        waiting: 0,
    };
    assert_eq!(pool.status(), expected);
}

#[test]
fn the_first_connection_to_a_file_is_the_writer() {
    let fake = Fake::new(Layout::File);
    let pool = fake.pool(settings(2, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    assert_eq!(fake.roles(), [Role::Writer, Role::Reader]);
}

#[test]
fn an_in_memory_database_never_replaces_its_connection() {
    let fake = Fake::new(Layout::Memory);
    let pool = fake.pool(PoolSettings { pool_timeout: SECOND / 100, ..settings(5, 5) });
    let mut checkout = pool.checkout(Role::Reader).unwrap();
    assert!(pool.checkout(Role::Writer).is_err());
    checkout.connection_mut().broken = true;
    drop(checkout);
    fake.advance(1_000_000 * SECOND);
    fake.lose_connections(true);
    assert_eq!(pool.checkout(Role::Writer).unwrap().connection().number, 1);
    let expected = PoolStatus {
        pool_size: 1,
        checked_in: 1,
        checked_out: 0,
        overflow: 0,
        total: 1,
        max: 1,
        waiting: 0,
    };
    assert_eq!(pool.status(), expected);
    assert_eq!((fake.pings(), fake.closed()), (0, vec![]));
}
