//! Which connection a call gets, and what becomes of it afterwards.

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
fn nothing_is_opened_before_the_first_call() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(2, 1));
    assert_eq!(fake.attempts(), 0);
    let expected = PoolStatus { pool_size: 2, max: 3, ..PoolStatus::default() };
    assert_eq!(keeper.status(), expected);
}

#[test]
fn a_returned_connection_is_used_again() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(2, 0));
    for role in [Role::Reader, Role::Writer, Role::Reader] {
        assert_eq!(keeper.lease(role).unwrap().connection().number, 1);
    }
    assert_eq!(fake.attempts(), 1);
    assert_eq!(fake.pings(), 0, "it was used a moment ago");
}

#[test]
fn the_connection_used_last_is_used_first() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(2, 0));
    let (one, two) = (keeper.lease(Role::Reader).unwrap(), keeper.lease(Role::Reader).unwrap());
    drop(two);
    drop(one);
    assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 1);
}

#[test]
fn the_status_counts_what_there_is() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(2, 1));
    let mut leases: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    let full = PoolStatus {
        pool_size: 2,
        checked_in: 0,
        checked_out: 3,
        overflow: 1,
        total: 3,
        max: 3,
        waiting: 0,
    };
    assert_eq!(keeper.status(), full);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| keeper.lease(Role::Writer).unwrap().connection().number);
        until(|| keeper.status().waiting == 1);
        leases.remove(0);
        assert_eq!(waiting.join().unwrap(), 1, "who waits gets the connection that came back");
    });
    leases.clear();
    let idle = PoolStatus {
        pool_size: 2,
        checked_in: 2,
        checked_out: 0,
        overflow: 0,
        total: 2,
        max: 3,
        waiting: 0,
    };
    assert_eq!(keeper.status(), idle);
    assert_eq!(fake.closed(), [3], "the overflow is closed, and it alone");
}

#[test]
fn the_status_travels_as_json() {
    let keeper = Fake::new(Layout::File).keeper(settings(2, 1));
    let expected = serde_json::json!({
        "pool_size": 3, "checked_in": 0, "checked_out": 0, "overflow": 0, "total": 0, "max": 4, "waiting": 0,
    });
    assert_eq!(serde_json::to_value(keeper.status()).unwrap(), expected);
}

#[test]
fn overflow_is_not_closed_while_somebody_waits_for_it() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 1));
    let _kept = keeper.lease(Role::Reader).unwrap();
    let overflow = keeper.lease(Role::Reader).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| keeper.lease(Role::Reader).unwrap().connection().number);
        until(|| keeper.status().waiting == 1);
        drop(overflow);
        assert_eq!(waiting.join().unwrap(), 2);
    });
    assert_eq!(fake.closed(), [2]);
}

#[test]
fn when_all_are_in_use_the_error_says_so_in_time() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { pool_timeout: SECOND / 100, ..settings(1, 1) });
    let _leases = [keeper.lease(Role::Reader).unwrap(), keeper.lease(Role::Reader).unwrap()];
    let error = keeper.lease(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(text.contains("all 2 are in use (pool size 1 + overflow 1)"), "{text}");
    assert_eq!(keeper.status().waiting, 0);
}

#[test]
fn a_broken_connection_is_closed_and_replaced() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    keeper.lease(Role::Writer).unwrap().connection_mut().broken = true;
    assert_eq!(fake.closed(), [1]);
    assert_eq!(keeper.status().total, 0);
    assert_eq!(keeper.lease(Role::Writer).unwrap().connection().number, 2);
}

#[test]
fn a_connection_is_checked_only_after_lying_idle() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    fake.pass(5 * SECOND);
    drop(keeper.lease(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 0);
    fake.pass(5 * SECOND + Duration::from_millis(1));
    drop(keeper.lease(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 1);
    drop(keeper.lease(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 1, "now it was used a moment ago");
}

#[test]
fn checking_can_be_turned_off() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { pre_ping: false, ..settings(2, 0) });
    let mut one = keeper.lease(Role::Reader).unwrap();
    drop(keeper.lease(Role::Reader).unwrap());
    one.connection_mut().broken = true;
    drop(one);
    fake.pass(60 * SECOND);
    drop(keeper.lease(Role::Reader).unwrap());
    assert_eq!(fake.pings(), 0);
}

#[test]
fn a_lost_connection_is_replaced_without_a_word() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    fake.pass(6 * SECOND);
    fake.lose_connections(true);
    fake.pinging_takes(2 * SECOND);
    assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 2);
    assert_eq!(fake.closed(), [1]);
    assert_eq!(
        fake.connect_timeouts(),
        [10 * SECOND, 8 * SECOND],
        "the check counts towards the deadline"
    );
}

#[test]
fn a_check_that_uses_up_the_deadline_is_the_error() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    fake.pass(6 * SECOND);
    fake.lose_connections(true);
    fake.pinging_takes(10 * SECOND);
    let error = keeper.lease(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(fake.attempts(), 1);
    assert_eq!(keeper.status().total, 0);
}

#[test]
fn after_a_break_every_older_connection_is_suspect_once() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(3, 0));
    let mut leases: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    leases[0].connection_mut().broken = true;
    leases.clear();

    let again: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    assert_eq!(fake.pings(), 2, "the two older ones are checked, the new one is not");
    assert_eq!(fake.attempts(), 4);
    drop(again);
    let _again: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    assert_eq!(fake.pings(), 2);
}

#[test]
fn a_restarted_server_is_not_noticed_by_the_next_callers() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(3, 0));
    let mut leases: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    fake.lose_connections(true);
    leases[0].connection_mut().broken = true;
    leases.clear();
    let numbers: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    assert!(numbers.iter().all(|lease| lease.connection().number > 3));
    assert_eq!(fake.open_now(), 3);
}

#[test]
fn an_old_connection_is_replaced_when_it_is_returned() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { pool_recycle: 100 * SECOND, ..settings(1, 0) });
    let lease = keeper.lease(Role::Reader).unwrap();
    fake.pass(94 * SECOND);
    drop(lease);
    assert!(fake.closed().is_empty(), "half of the jitter: it lives for 95 s");
    let lease = keeper.lease(Role::Reader).unwrap();
    fake.pass(SECOND);
    drop(lease);
    assert_eq!(fake.closed(), [1]);
}

#[test]
fn an_old_connection_is_replaced_when_it_is_asked_for() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { pool_recycle: 100 * SECOND, ..settings(1, 0) });
    drop(keeper.lease(Role::Reader).unwrap());
    fake.pass(95 * SECOND);
    assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 2);
    assert_eq!(fake.pings(), 0, "it is not even checked");
}

#[test]
fn a_connection_lives_for_90_to_100_percent_of_the_set_time() {
    for (random, life) in [(0.0, 90), (0.999_999, 100)] {
        let fake = Fake::new(Layout::Server);
        fake.set_random(random);
        let keeper = fake.keeper(PoolSettings { pool_recycle: 100 * SECOND, ..settings(1, 0) });
        drop(keeper.lease(Role::Reader).unwrap());
        fake.pass((life - 1) * SECOND);
        assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 1);
        fake.pass(SECOND);
        assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 2);
    }
}

#[test]
fn recycling_can_be_turned_off() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { pool_recycle: Duration::ZERO, ..settings(1, 0) });
    drop(keeper.lease(Role::Reader).unwrap());
    fake.pass(1_000_000 * SECOND);
    assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 1);
}

#[test]
fn a_panic_gives_the_place_back_and_closes_the_connection() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let _lease = keeper.lease(Role::Writer).unwrap();
        panic::resume_unwind(Box::new("a caller's fault"));
    }));
    assert!(result.is_err());
    assert_eq!(fake.closed(), [1]);
    assert_eq!(keeper.status().checked_out, 0);
    assert_eq!(keeper.lease(Role::Writer).unwrap().connection().number, 2);
}

#[test]
fn a_failure_to_open_gives_the_place_back() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    keeper.lease(Role::Writer).unwrap().connection_mut().broken = true;
    for _ in 0..5 {
        fake.fail_next_open(Error::new(ErrorKind::Unavailable, "nobody listens"));
        let error = keeper.lease(Role::Writer).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "nobody listens");
        assert_eq!(keeper.status().total, 0);
    }
    assert!(keeper.lease(Role::Writer).is_ok());
}

#[test]
fn a_full_server_is_waited_for() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(2, 0));
    let _first = keeper.lease(Role::Reader).unwrap();
    for _ in 0..3 {
        fake.fail_next_open(Error::new(ErrorKind::PoolTimeout, "too many clients"));
    }
    assert!(keeper.lease(Role::Reader).is_ok());
    assert_eq!(
        fake.slept(),
        [10, 20, 40].map(Duration::from_millis),
        "half of the longest each time"
    );
}

#[test]
fn a_server_that_stays_full_is_an_error_with_its_cause_in_time() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(2, 0));
    let _first = keeper.lease(Role::Reader).unwrap();
    fake.fail_every_open(Some(ErrorKind::PoolTimeout));
    let error = keeper.lease(Role::Reader).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert_eq!(error.to_string(), "the test's server said no (tried for 20 s)");
    assert_eq!(fake.passed(), 20 * SECOND);
    assert_eq!(keeper.status().checked_out, 1);
}

#[test]
fn a_connection_that_comes_back_serves_a_call_which_the_full_server_refuses() {
    for (pool_size, max_overflow) in [(2, 0), (1, 1)] {
        let fake = Fake::new(Layout::Server);
        fake.stop_the_clock();
        let keeper = fake.keeper(settings(pool_size, max_overflow));
        let first = keeper.lease(Role::Reader).unwrap();
        fake.fail_every_open(Some(ErrorKind::PoolTimeout));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| keeper.lease(Role::Reader).unwrap().connection().number);
            until(|| fake.attempts() > 2);
            drop(first);
            assert_eq!(waiting.join().unwrap(), 1);
        });
        assert_eq!(keeper.status().checked_in, 1);
    }
}

#[test]
fn a_file_has_one_writer_and_readers_beside_it() {
    let fake = Fake::new(Layout::File);
    let keeper = fake.keeper(PoolSettings { pool_timeout: SECOND / 100, ..settings(2, 1) });
    let writer = keeper.lease(Role::Writer).unwrap();
    let readers: Vec<_> = (0..3).map(|_| keeper.lease(Role::Reader).unwrap()).collect();
    assert_eq!(writer.connection().role, Role::Writer);
    assert!(readers.iter().all(|lease| lease.connection().role == Role::Reader));
    let error = keeper.lease(Role::Writer).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PoolTimeout);
    assert!(error.to_string().contains("the one connection of SQLite that writes"), "{error}");
    let expected = PoolStatus {
        pool_size: 3,
        checked_in: 0,
        checked_out: 4,
        overflow: 1,
        total: 4,
        max: 4,
        waiting: 0,
    };
    assert_eq!(keeper.status(), expected);
}

#[test]
fn a_file_is_opened_for_writing_first() {
    let fake = Fake::new(Layout::File);
    let keeper = fake.keeper(settings(2, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    assert_eq!(fake.roles(), [Role::Writer, Role::Reader]);
}

#[test]
fn a_database_in_memory_keeps_its_one_connection_whatever_happens() {
    let fake = Fake::new(Layout::Memory);
    let keeper = fake.keeper(PoolSettings { pool_timeout: SECOND / 100, ..settings(5, 5) });
    let mut lease = keeper.lease(Role::Reader).unwrap();
    assert!(keeper.lease(Role::Writer).is_err());
    lease.connection_mut().broken = true;
    drop(lease);
    fake.pass(1_000_000 * SECOND);
    fake.lose_connections(true);
    assert_eq!(keeper.lease(Role::Writer).unwrap().connection().number, 1);
    let expected = PoolStatus {
        pool_size: 1,
        checked_in: 1,
        checked_out: 0,
        overflow: 0,
        total: 1,
        max: 1,
        waiting: 0,
    };
    assert_eq!(keeper.status(), expected);
    assert_eq!((fake.pings(), fake.closed()), (0, vec![]));
}
