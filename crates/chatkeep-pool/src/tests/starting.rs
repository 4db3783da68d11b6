//! Retries while the database is starting up.

use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Role};

use super::fake::{Fake, settings};
use crate::backend::Layout;
use crate::settings::PoolSettings;

const SECOND: Duration = Duration::from_secs(1);

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "connection refused")
}

#[test]
fn the_first_call_retries_until_the_database_is_available() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    for _ in 0..4 {
        fake.fail_next_open(unavailable());
    }
    assert_eq!(pool.checkout(Role::Reader).unwrap().connection().number, 5);
    assert_eq!(
        fake.slept(),
        [50, 100, 200, 400].map(Duration::from_millis),
        "half of 100, 200, 400, 800 ms"
    );
}

#[test]
fn retries_end_when_the_budget_is_used_up() {
    let fake = Fake::new(Layout::Server);
    let pool =
        fake.pool(PoolSettings { max_retries: 3, retry_delay: 2 * SECOND, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    let error = pool.wait_until_ready().unwrap_err();
    assert_eq!(fake.passed(), 6 * SECOND);
    let expected = format!("refused by the test server (tried {} times in 6 s)", fake.attempts());
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    assert!(fake.slept().iter().all(|pause| *pause <= 2 * SECOND), "{:?}", fake.slept());
}

#[test]
fn later_attempts_connect_within_the_remaining_budget() {
    let fake = Fake::new(Layout::Server);
    let pool =
        fake.pool(PoolSettings { max_retries: 3, retry_delay: 4 * SECOND, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    fake.opening_takes(5 * SECOND);
    pool.wait_until_ready().unwrap_err();
    let timeouts = fake.connect_timeouts();
    assert_eq!(timeouts[0], 10 * SECOND, "the first attempt gets the configured time");
    assert_eq!(timeouts[1], 7 * SECOND - Duration::from_millis(50));
    assert_eq!(timeouts[2], 2 * SECOND - Duration::from_millis(150));
    assert_eq!(timeouts.len(), 3);
}

#[test]
fn the_last_attempt_gets_at_least_one_second() {
    let fake = Fake::new(Layout::Server);
    let pool =
        fake.pool(PoolSettings { max_retries: 1, retry_delay: SECOND / 2, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    pool.wait_until_ready().unwrap_err();
    assert_eq!(fake.connect_timeouts().last(), Some(&SECOND));
}

#[test]
fn zero_retries_fail_on_the_first_error() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { max_retries: 0, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    assert_eq!(
        pool.checkout(Role::Reader).map(drop).unwrap_err().to_string(),
        "refused by the test server"
    );
    assert_eq!((fake.attempts(), fake.slept()), (1, vec![]));
}

#[test]
fn permanent_errors_are_returned_without_a_retry() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    fake.fail_every_open(Some(ErrorKind::Configuration));
    assert_eq!(pool.wait_until_ready().unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(pool.checkout(Role::Reader).map(drop).unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!((fake.attempts(), fake.slept()), (2, vec![]), "one login per call, and no pause");
}

#[test]
fn a_wrong_password_ends_the_retries() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    fake.fail_next_open(unavailable());
    fake.fail_next_open(Error::configuration("wrong password"));
    assert_eq!(pool.checkout(Role::Reader).map(drop).unwrap_err().to_string(), "wrong password");
    assert_eq!(fake.attempts(), 2);
}

#[test]
fn failures_after_the_first_connection_are_returned_at_once() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    pool.checkout(Role::Reader).unwrap().connection_mut().broken = true;
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    assert!(pool.checkout(Role::Reader).is_err());
    assert_eq!((fake.attempts(), fake.slept()), (2, vec![]));
}

#[test]
fn wait_until_ready_retries_after_the_first_connection_too() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    fake.lose_connections(true);
    fake.fail_next_open(unavailable());
    fake.fail_next_open(unavailable());
    pool.wait_until_ready().unwrap();
    assert_eq!(fake.pings(), 1, "a recently used connection is pinged too");
    assert_eq!(fake.slept().len(), 2);
    assert_eq!(pool.status().checked_in, 1);
}

#[test]
fn the_next_call_retries_again_after_a_failed_start() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(PoolSettings { max_retries: 1, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    assert!(pool.checkout(Role::Reader).is_err());
    let first = fake.attempts();
    assert!(pool.checkout(Role::Reader).is_err());
    assert!(fake.attempts() > first + 1);
}
