//! The last use of a session, recorded to the minute, and the end by inactivity that it moves.

use std::thread::sleep;
use std::time::Duration;

use chatkeep::{Chatkeep, NewSession, SessionInfo, SessionReason};

use super::{SECOND, ago, reason, session, set_ago, stored};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT};

on_every_engine![
    a_use_within_a_minute_is_not_written,
    a_use_a_minute_later_is_written_once,
    a_use_moves_the_end_by_inactivity,
    uses_of_a_cached_session_are_recorded,
    uses_of_invalid_sessions_are_not_recorded,
    a_use_in_another_process_keeps_a_cached_session_valid,
];

fn info(store: &Store) -> SessionInfo {
    store.flush(TIMEOUT).expect("the uses are recorded");
    let page = store.sessions().list_sessions("ann", true, 1, None).expect("the query succeeds");
    page.sessions.into_iter().next().expect("the session exists")
}

fn a_use_within_a_minute_is_not_written(store: &Store) {
    let created = session(store);
    set_ago(store, "last_seen_at", 40);
    let before = info(store);
    for _ in 0..3 {
        assert_eq!(reason(store, created.secret.expose()), SessionReason::Valid);
    }
    assert_eq!(info(store), before);
}

fn a_use_a_minute_later_is_written_once(store: &Store) {
    let created = session(store);
    set_ago(store, "last_seen_at", 61);
    let before = info(store).last_seen_at;
    assert_eq!(reason(store, created.secret.expose()), SessionReason::Valid);
    let after = info(store).last_seen_at;
    assert!(after > before);
    for chat in [&**store, &store.new_handle()] {
        assert_eq!(reason(chat, created.secret.expose()), SessionReason::Valid);
        chat.flush(TIMEOUT).expect("nothing is recorded");
    }
    assert_eq!(info(store).last_seen_at, after);
}

fn a_use_moves_the_end_by_inactivity(store: &Store) {
    super::add_user(store, "ann");
    let new = NewSession::new("ann").with_idle_seconds(600);
    let created = store.sessions().create_session(&new).expect("the session is created");
    let (seen, end) = (ago(500), ago(-100));
    store.raw.execute(&format!(
        "UPDATE user_sessions SET last_seen_at = '{}', idle_expires_at = '{}'",
        stored(seen),
        stored(seen.checked_add_microseconds(600 * SECOND).expect("in range"))
    ));
    assert_eq!(reason(store, created.secret.expose()), SessionReason::Valid);
    let info = info(store);
    let idle = info.idle_expires_at.expect("an end");
    assert!(idle > end);
    assert_eq!(idle.as_microsecond() - info.last_seen_at.as_microsecond(), 600 * SECOND);
}

fn uses_of_a_cached_session_are_recorded(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    let chat = Chatkeep::builder().url(store.raw.url()).token_cache(TIMEOUT).open();
    let chat = chat.expect("the settings are valid");
    let recorded = || {
        chat.flush(TIMEOUT).expect("the uses are recorded");
        info(store).last_seen_at
    };
    set_ago(store, "last_seen_at", 57);
    let before = recorded();
    assert_eq!(reason(&chat, secret), SessionReason::Valid);
    assert_eq!(recorded(), before, "it is too recent");
    sleep(Duration::from_millis(3_100));
    assert_eq!(chat.sessions().verify_cached(secret), Some(true));
    assert!(recorded() > before);
}

fn uses_of_invalid_sessions_are_not_recorded(store: &Store) {
    let created = session(store);
    set_ago(store, "last_seen_at", 70);
    let before = info(store).last_seen_at;
    set_ago(store, "expires_at", 1);
    assert_eq!(reason(store, created.secret.expose()), SessionReason::Expired);
    assert_eq!(info(store).last_seen_at, before);
}

fn a_use_in_another_process_keeps_a_cached_session_valid(store: &Store) {
    super::add_user(store, "ann");
    let new = NewSession::new("ann").with_idle_seconds(1);
    let created = store.sessions().create_session(&new).expect("the session is created");
    let secret = created.secret.expose();
    // The session ends by inactivity in 4 seconds, and that is cached.
    store.raw.execute(&format!(
        "UPDATE user_sessions SET last_seen_at = '{}', idle_expires_at = '{}'",
        stored(ago(57)),
        stored(ago(56)),
    ));
    assert_eq!(reason(store, secret), SessionReason::Valid);
    // As another process does.
    store.raw.execute(&format!(
        "UPDATE user_sessions SET last_seen_at = '{}', idle_expires_at = '{}'",
        stored(ago(0)),
        stored(ago(-1)),
    ));
    sleep(Duration::from_millis(4_100));
    assert_eq!(store.sessions().verify_cached(secret), None, "the database is asked");
    assert_eq!(reason(store, secret), SessionReason::Valid);
}
