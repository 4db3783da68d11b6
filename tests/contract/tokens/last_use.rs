//! When a token was last used, to the minute.

use chatkeep::{Timestamp, TokenInfo};

use crate::every_engine::on_every_engine;
use crate::store::{PATIENCE, Store, at};

on_every_engine![
    the_first_use_is_noted,
    a_use_within_the_same_minute_is_not_written_again,
    a_use_a_minute_later_is_written,
    what_is_not_valid_is_no_use,
];

/// What is stored, when the uses so far have been noted.
fn info(store: &Store) -> TokenInfo {
    store.flush(PATIENCE).expect("the store answers");
    store.tokens().list_tokens().expect("the store answers").remove(0)
}

/// Sets the last use this many seconds back, and returns it.
fn used_ago(store: &Store, seconds: i64) -> Timestamp {
    let moment =
        Timestamp::now().checked_add_microseconds(-seconds * 1_000_000).expect("inside the range");
    let text = moment.to_string().replace('T', " ");
    store.raw.execute(&format!(
        "UPDATE api_tokens SET last_used_at = '{}'",
        text.trim_end_matches("+00:00")
    ));
    assert_eq!(info(store).last_used_at, Some(moment));
    moment
}

fn the_first_use_is_noted(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    assert_eq!(info(store).last_used_at, None);
    let before = Timestamp::now();
    assert!(store.tokens().verify_token(created.token.expose()).expect("the store answers"));
    let used = info(store).last_used_at.expect("the use is noted");
    assert!((before..=Timestamp::now()).contains(&used), "{used}");
}

fn a_use_within_the_same_minute_is_not_written_again(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let noted = used_ago(store, 40);
    for _ in 0..3 {
        assert!(
            store.tokens().check_token(created.token.expose()).expect("the store answers").valid
        );
    }
    assert_eq!(info(store).last_used_at, Some(noted));
}

fn a_use_a_minute_later_is_written(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let noted = used_ago(store, 61);
    assert!(store.tokens().verify_token(created.token.expose()).expect("the store answers"));
    assert!(info(store).last_used_at > Some(noted));
}

fn what_is_not_valid_is_no_use(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("a token is made");
    store.raw.execute("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'");
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the store answers"));
    assert!(store.tokens().revoke_token(created.id).expect("it is revoked"));
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the store answers"));
    assert_eq!(info(store).last_used_at, None);
    assert_eq!(info(store).expires_at, Some(at("2001-01-01")));
}
