//! Rotation of tokens: a new token with the same id, and a grace period for the previous one.

use std::collections::HashSet;
use std::thread;

use chatkeep::{Chatkeep, NewToken, TokenReason};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, open};

on_every_engine![
    a_rotated_token_keeps_its_id_and_gets_a_new_secret,
    the_previous_token_ends_with_the_grace_period,
    without_a_grace_period_the_previous_token_is_invalid_at_once,
    a_second_rotation_ends_the_grace_period,
    a_revocation_ends_both_tokens,
    invalid_tokens_are_not_rotated,
    out_of_range_grace_periods_are_rejected,
    concurrent_rotations_leave_one_valid_token,
];

fn reason(chat: &Chatkeep, token: &str) -> TokenReason {
    let check = chat.tokens().check_token(token).expect("the query succeeds");
    assert_eq!(chat.tokens().verify_token(token).expect("the query succeeds"), check.valid);
    check.reason
}

fn a_rotated_token_keeps_its_id_and_gets_a_new_secret(store: &Store) {
    let new = NewToken::new("for ann").with_scopes(["read"]).with_expires_days(7);
    let created = store.tokens().create_token_with(&new).expect("the token is created");
    let old = created.token.expose();
    assert_eq!(reason(store, old), TokenReason::Valid);
    let rotated = store.tokens().rotate_token(created.id, Some(60)).expect("the query succeeds");
    let rotated = rotated.expect("the token is valid");
    let token = rotated.token.expose();
    assert!(token.starts_with("ck_") && token.len() == 52 && token != old);
    assert_eq!((rotated.id, &rotated.scopes), (created.id, &created.scopes));
    assert_eq!((rotated.created_at, rotated.expires_at), (created.created_at, created.expires_at));
    for chat in [&**store, &store.new_handle()] {
        for token in [old, token] {
            assert_eq!(reason(chat, token), TokenReason::Valid);
        }
    }
    let info = store.tokens().get_token_info(created.id).expect("the query succeeds");
    let info = info.expect("the token exists");
    assert_eq!(info.token_start.as_deref(), Some(&token[..8]));
    let stored = store.raw.query("SELECT * FROM api_tokens");
    assert!(stored[0].iter().flatten().all(|value| !value.contains(&token[9..])));
}

fn the_previous_token_ends_with_the_grace_period(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let old = created.token.expose();
    let rotated = store.tokens().rotate_token(created.id, Some(3_600)).expect("the query succeeds");
    let rotated = rotated.expect("the token is valid");
    store.raw.execute("UPDATE api_tokens SET previous_until = '2001-01-01 00:00:00.000000'");
    let chat = store.new_handle();
    assert_eq!(reason(&chat, old), TokenReason::Rotated);
    assert_eq!(reason(&chat, rotated.token.expose()), TokenReason::Valid);
}

fn without_a_grace_period_the_previous_token_is_invalid_at_once(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let other = open(store.raw.url());
    for chat in [&**store, &other] {
        assert_eq!(reason(chat, created.token.expose()), TokenReason::Valid);
    }
    let rotated = store.tokens().rotate_token(created.id, Some(0)).expect("the query succeeds");
    let rotated = rotated.expect("the token is valid");
    for chat in [&**store, &other] {
        assert_eq!(reason(chat, created.token.expose()), TokenReason::Unknown);
        assert_eq!(reason(chat, rotated.token.expose()), TokenReason::Valid);
    }
}

fn a_second_rotation_ends_the_grace_period(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let rotate = || {
        let rotated =
            store.tokens().rotate_token(created.id, Some(60)).expect("the query succeeds");
        rotated.expect("the token is valid").token
    };
    let (second, third) = (rotate(), rotate());
    assert_eq!(reason(store, created.token.expose()), TokenReason::Unknown);
    assert_eq!(reason(store, second.expose()), TokenReason::Valid);
    assert_eq!(reason(store, third.expose()), TokenReason::Valid);
}

fn a_revocation_ends_both_tokens(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let rotated = store.tokens().rotate_token(created.id, Some(60)).expect("the query succeeds");
    let rotated = rotated.expect("the token is valid");
    let both = [created.token.expose(), rotated.token.expose()];
    assert!(both.iter().all(|token| reason(store, token) == TokenReason::Valid));
    assert!(store.tokens().revoke_token(created.id).expect("the token is revoked"));
    assert!(both.iter().all(|token| reason(store, token) == TokenReason::Revoked));
}

fn invalid_tokens_are_not_rotated(store: &Store) {
    let created = store.tokens().create_token("a", Some(1)).expect("the token is created");
    for id in [created.id + 1, 0, -1, i64::MAX] {
        assert_eq!(store.tokens().rotate_token(id, Some(60)).expect("the query succeeds"), None);
    }
    store.raw.execute("UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000'");
    assert_eq!(
        store.tokens().rotate_token(created.id, Some(60)).expect("the query succeeds"),
        None
    );
    let other = store.tokens().create_token("a", None).expect("the token is created");
    assert!(store.tokens().revoke_token(other.id).expect("the token is revoked"));
    assert_eq!(store.tokens().rotate_token(other.id, Some(60)).expect("the query succeeds"), None);
}

fn out_of_range_grace_periods_are_rejected(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    for seconds in [-1, 2_592_001, i64::MIN, i64::MAX] {
        assert_rejected(store.tokens().rotate_token(created.id, Some(seconds)), "grace_seconds");
    }
    let rotated =
        store.tokens().rotate_token(created.id, Some(2_592_000)).expect("the query succeeds");
    assert!(rotated.is_some());
}

fn concurrent_rotations_leave_one_valid_token(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let tokens: HashSet<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| store.tokens().rotate_token(created.id, Some(0))))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                let rotated = thread.join().expect("no panic").expect("the query succeeds");
                rotated.expect("the token is valid").token.expose().to_owned()
            })
            .collect()
    });
    assert_eq!(tokens.len(), 16);
    let valid = tokens.iter().filter(|token| reason(store, token) == TokenReason::Valid).count();
    assert_eq!(valid, 1, "each rotation replaced another token");
}
