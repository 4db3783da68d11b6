//! Expiry: a token is invalid from its expiry time on.

use chatkeep::{Timestamp, TokenReason};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at};

on_every_engine![
    a_token_expires_after_days_of_24_hours,
    a_token_is_invalid_at_its_expiry_time,
    out_of_range_days_are_rejected,
    only_expired_tokens_are_deleted,
];

const DAY: i64 = 86_400_000_000;

fn a_token_expires_after_days_of_24_hours(store: &Store) {
    for days in [1, 90, 365_000] {
        let created = store.tokens().create_token("a", Some(days)).expect("the token is created");
        let end = created.expires_at.expect("the token expires");
        assert_eq!(end.as_microsecond() - created.created_at.as_microsecond(), days * DAY);
        let info = store
            .tokens()
            .get_token_info(created.id)
            .expect("the query succeeds")
            .expect("the token exists");
        assert_eq!(info.expires_at, Some(end));
        assert!(store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
    }
}

fn a_token_is_invalid_at_its_expiry_time(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("the token is created");
    store.raw.execute("UPDATE api_tokens SET expires_at = '2024-01-02 00:00:00.000000'");
    let info = store
        .tokens()
        .get_token_info(created.id)
        .expect("the query succeeds")
        .expect("the token exists");
    let reason = |now: &str| TokenReason::of(&info, at(now));
    assert_eq!(reason("2024-01-01T23:59:59.999999Z"), TokenReason::Valid);
    assert_eq!(reason("2024-01-02T00:00:00Z"), TokenReason::Expired);
    assert_eq!(reason("2024-01-02T00:00:00.000001Z"), TokenReason::Expired);
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
}

fn out_of_range_days_are_rejected(store: &Store) {
    for days in [0, -1, 1_000_000_000, 3_650_000, 3_650_001, i64::MIN, i64::MAX] {
        assert_rejected(store.tokens().create_token("a", Some(days)), "expires_days");
    }
    assert_eq!(store.tokens().list_tokens().expect("the query succeeds"), []);
}

fn only_expired_tokens_are_deleted(store: &Store) {
    assert_eq!(store.tokens().delete_expired_tokens().expect("there is nothing to do"), 0);
    for (description, days) in
        [("for ever", None), ("for a day", Some(1)), ("over", Some(1)), ("over too", Some(2))]
    {
        store.tokens().create_token(description, days).expect("the token is created");
    }
    let revoked = store.tokens().create_token("revoked", None).expect("the token is created");
    assert!(store.tokens().revoke_token(revoked.id).expect("the token is revoked"));
    let just_over = Timestamp::now().to_string().replace('T', " ");
    let just_over = just_over.trim_end_matches("+00:00");
    store.raw.execute(&format!(
        "UPDATE api_tokens SET expires_at = '{just_over}' WHERE description LIKE 'over%'"
    ));
    assert_eq!(store.tokens().delete_expired_tokens().expect("the deletion succeeds"), 2);
    let left: Vec<_> = store
        .tokens()
        .list_tokens()
        .expect("the query succeeds")
        .into_iter()
        .map(|token| token.description)
        .collect();
    assert_eq!(left, ["revoked", "for a day", "for ever"]);
    assert_eq!(store.tokens().delete_expired_tokens().expect("nothing is left"), 0);
}
