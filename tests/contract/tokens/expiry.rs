//! A token ends at a moment, and is invalid at that moment already.

use chatkeep::{Timestamp, TokenCheck, TokenReason};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_refused, at};

on_every_engine![
    a_token_ends_so_many_days_of_24_hours_after_it_was_made,
    at_its_last_moment_a_token_is_invalid,
    days_out_of_range_make_no_token,
    only_expired_tokens_are_deleted,
];

const DAY: i64 = 86_400_000_000;

fn a_token_ends_so_many_days_of_24_hours_after_it_was_made(store: &Store) {
    for days in [1, 90, 365_000] {
        let created = store.tokens().create_token("a", Some(days)).expect("a token is made");
        let end = created.expires_at.expect("it ends");
        assert_eq!(end.as_microsecond() - created.created_at.as_microsecond(), days * DAY);
        let info = store
            .tokens()
            .get_token_info(created.id)
            .expect("the store answers")
            .expect("the token is there");
        assert_eq!(info.expires_at, Some(end));
        assert!(store.tokens().verify_token(created.token.expose()).expect("the store answers"));
    }
}

fn at_its_last_moment_a_token_is_invalid(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("a token is made");
    store.raw.execute("UPDATE api_tokens SET expires_at = '2024-01-02 00:00:00.000000'");
    let info = store
        .tokens()
        .get_token_info(created.id)
        .expect("the store answers")
        .expect("the token is there");
    let reason = |moment: &str| TokenCheck::of(info.clone(), at(moment)).reason;
    assert_eq!(reason("2024-01-01T23:59:59.999999Z"), TokenReason::Valid);
    assert_eq!(reason("2024-01-02T00:00:00Z"), TokenReason::Expired);
    assert_eq!(reason("2024-01-02T00:00:00.000001Z"), TokenReason::Expired);
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the store answers"));
}

fn days_out_of_range_make_no_token(store: &Store) {
    for days in [0, -1, 1_000_000_000, 3_650_000, 3_650_001, i64::MIN, i64::MAX] {
        assert_refused(store.tokens().create_token("a", Some(days)), "expires_days");
    }
    assert_eq!(store.tokens().list_tokens().expect("the store answers"), []);
}

fn only_expired_tokens_are_deleted(store: &Store) {
    assert_eq!(store.tokens().delete_expired_tokens().expect("nothing to do"), 0);
    for (description, days) in
        [("for ever", None), ("for a day", Some(1)), ("over", Some(1)), ("over too", Some(2))]
    {
        store.tokens().create_token(description, days).expect("a token is made");
    }
    let revoked = store.tokens().create_token("revoked", None).expect("a token is made");
    assert!(store.tokens().revoke_token(revoked.id).expect("it is revoked"));
    let just_over = Timestamp::now().to_string().replace('T', " ");
    let just_over = just_over.trim_end_matches("+00:00");
    store.raw.execute(&format!(
        "UPDATE api_tokens SET expires_at = '{just_over}' WHERE description LIKE 'over%'"
    ));
    assert_eq!(store.tokens().delete_expired_tokens().expect("they are deleted"), 2);
    let left: Vec<_> = store
        .tokens()
        .list_tokens()
        .expect("the store answers")
        .into_iter()
        .map(|token| token.description)
        .collect();
    assert_eq!(left, ["revoked", "for a day", "for ever"]);
    assert_eq!(store.tokens().delete_expired_tokens().expect("nothing is left"), 0);
}
