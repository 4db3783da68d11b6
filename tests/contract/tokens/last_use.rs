//! The last use of a token, recorded to the minute.

use chatkeep::{Timestamp, TokenInfo};

use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, at};

on_every_engine![
    the_first_use_is_recorded,
    a_use_within_the_same_minute_is_not_written_again,
    a_use_a_minute_later_is_written,
    invalid_checks_are_not_recorded_as_uses,
];

/// Returns the stored token after all pending uses have been recorded.
fn info(store: &Store) -> TokenInfo {
    store.flush(TIMEOUT).expect("the query succeeds");
    store.tokens().list_tokens().expect("the query succeeds").remove(0)
}

/// Sets the last use to `seconds` ago and returns it.
fn used_ago(store: &Store, seconds: i64) -> Timestamp {
    let timestamp = Timestamp::now()
        .checked_add_microseconds(-seconds * 1_000_000)
        .expect("the timestamp is in range");
    let text = timestamp.to_string().replace('T', " ");
    store.raw.execute(&format!(
        "UPDATE api_tokens SET last_used_at = '{}'",
        text.trim_end_matches("+00:00")
    ));
    assert_eq!(info(store).last_used_at, Some(timestamp));
    timestamp
}

fn the_first_use_is_recorded(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    assert_eq!(info(store).last_used_at, None);
    let before = Timestamp::now();
    assert!(store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
    let used = info(store).last_used_at.expect("the use is recorded");
    assert!((before..=Timestamp::now()).contains(&used), "{used}");
}

fn a_use_within_the_same_minute_is_not_written_again(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let recorded = used_ago(store, 40);
    for _ in 0..3 {
        assert!(
            store.tokens().check_token(created.token.expose()).expect("the query succeeds").valid
        );
    }
    assert_eq!(info(store).last_used_at, Some(recorded));
}

fn a_use_a_minute_later_is_written(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let recorded = used_ago(store, 61);
    assert!(store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
    assert!(info(store).last_used_at > Some(recorded));
}

fn invalid_checks_are_not_recorded_as_uses(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("the token is created");
    store.raw.execute("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'");
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
    assert!(store.tokens().revoke_token(created.id).expect("the token is revoked"));
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
    assert_eq!(info(store).last_used_at, None);
    assert_eq!(info(store).expires_at, Some(at("2001-01-01")));
}
