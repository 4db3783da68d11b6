//! Waiting for a database that is not there yet.

use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Role};

use super::fake::{Fake, settings};
use crate::backend::Layout;
use crate::settings::PoolSettings;

const SECOND: Duration = Duration::from_secs(1);

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "nobody listens")
}

#[test]
fn the_first_call_waits_for_the_database() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    for _ in 0..4 {
        fake.fail_next_open(unavailable());
    }
    assert_eq!(keeper.lease(Role::Reader).unwrap().connection().number, 5);
    assert_eq!(
        fake.slept(),
        [50, 100, 200, 400].map(Duration::from_millis),
        "half of 100, 200, 400, 800 ms"
    );
}

#[test]
fn the_wait_ends_when_the_budget_is_used_up() {
    let fake = Fake::new(Layout::Server);
    let keeper =
        fake.keeper(PoolSettings { max_retries: 3, retry_delay: 2 * SECOND, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    let error = keeper.wait_until_ready().unwrap_err();
    assert_eq!(fake.passed(), 6 * SECOND);
    let expected = format!("the test's server said no (tried {} times in 6 s)", fake.attempts());
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    assert!(fake.slept().iter().all(|pause| *pause <= 2 * SECOND), "{:?}", fake.slept());
}

#[test]
fn an_attempt_gets_no_more_time_than_is_left() {
    let fake = Fake::new(Layout::Server);
    let keeper =
        fake.keeper(PoolSettings { max_retries: 3, retry_delay: 4 * SECOND, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    fake.opening_takes(5 * SECOND);
    keeper.wait_until_ready().unwrap_err();
    let timeouts = fake.connect_timeouts();
    assert_eq!(timeouts[0], 10 * SECOND, "the first one gets the set time");
    assert_eq!(timeouts[1], 7 * SECOND - Duration::from_millis(50));
    assert_eq!(timeouts[2], 2 * SECOND - Duration::from_millis(150));
    assert_eq!(timeouts.len(), 3);
}

#[test]
fn the_last_attempt_gets_a_second_even_if_less_is_left() {
    let fake = Fake::new(Layout::Server);
    let keeper =
        fake.keeper(PoolSettings { max_retries: 1, retry_delay: SECOND / 2, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    keeper.wait_until_ready().unwrap_err();
    assert_eq!(fake.connect_timeouts().last(), Some(&SECOND));
}

#[test]
fn without_retries_nothing_is_waited_for() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { max_retries: 0, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    assert_eq!(
        keeper.lease(Role::Reader).map(drop).unwrap_err().to_string(),
        "the test's server said no"
    );
    assert_eq!((fake.attempts(), fake.slept()), (1, vec![]));
}

#[test]
fn what_waiting_cannot_mend_is_an_error_at_once() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    fake.fail_every_open(Some(ErrorKind::Configuration));
    assert_eq!(keeper.wait_until_ready().unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(keeper.lease(Role::Reader).map(drop).unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(
        (fake.attempts(), fake.slept()),
        (2, vec![]),
        "one login for each call, and no pause"
    );
}

#[test]
fn a_wrong_password_during_the_wait_ends_it() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    fake.fail_next_open(unavailable());
    fake.fail_next_open(Error::configuration("wrong password"));
    assert_eq!(keeper.lease(Role::Reader).map(drop).unwrap_err().to_string(), "wrong password");
    assert_eq!(fake.attempts(), 2);
}

#[test]
fn once_the_database_was_there_failures_are_immediate() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    keeper.lease(Role::Reader).unwrap().connection_mut().broken = true;
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    assert!(keeper.lease(Role::Reader).is_err());
    assert_eq!((fake.attempts(), fake.slept()), (2, vec![]));
}

#[test]
fn waiting_until_ready_waits_later_as_well() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    fake.lose_connections(true);
    fake.fail_next_open(unavailable());
    fake.fail_next_open(unavailable());
    keeper.wait_until_ready().unwrap();
    assert_eq!(fake.pings(), 1, "a connection that should be sound is checked all the same");
    assert_eq!(fake.slept().len(), 2);
    assert_eq!(keeper.status().checked_in, 1);
}

#[test]
fn a_failure_at_start_up_is_waited_for_again_by_the_next_call() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(PoolSettings { max_retries: 1, ..settings(1, 0) });
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    assert!(keeper.lease(Role::Reader).is_err());
    let first = fake.attempts();
    assert!(keeper.lease(Role::Reader).is_err());
    assert!(fake.attempts() > first + 1);
}
