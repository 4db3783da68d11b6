//! Revoking: once, for good, and only the token that was meant.

use std::thread;

use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![
    a_revoked_token_is_invalid_at_once_and_the_others_stay,
    revoking_again_or_what_is_not_there_is_false,
    of_many_who_revoke_at_once_one_did_it,
    another_handle_sees_the_revocation,
];

fn a_revoked_token_is_invalid_at_once_and_the_others_stay(store: &Store) {
    let tokens = ["a", "b"].map(|name| store.tokens().create_token(name, None).expect("a token is made"));
    let valid =
        |which: usize| store.tokens().verify_token(tokens[which].token.expose()).expect("the store answers");
    assert!(valid(0) && valid(1));
    assert!(store.tokens().revoke_token(tokens[0].id).expect("it is revoked"));
    assert!(!valid(0) && valid(1));
    let info =
        store.tokens().get_token_info(tokens[0].id).expect("the store answers").expect("the token is there");
    assert!(!info.is_active, "a revoked token stays in the list");
}

fn revoking_again_or_what_is_not_there_is_false(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    assert!(store.tokens().revoke_token(created.id).expect("it is revoked"));
    for id in [created.id, created.id + 1, 0, -1, i64::MIN, i64::MAX] {
        assert!(!store.tokens().revoke_token(id).expect("the store answers"), "{id}");
    }
}

fn of_many_who_revoke_at_once_one_did_it(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let revoked = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| store.tokens().revoke_token(created.id))).collect();
        let answers =
            threads.into_iter().map(|thread| thread.join().expect("no panic").expect("the store answers"));
        answers.filter(|did| *did).count()
    });
    assert_eq!(revoked, 1);
}

fn another_handle_sees_the_revocation(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let other = open(store.raw.url());
    assert!(other.tokens().revoke_token(created.id).expect("it is revoked"));
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the store answers"));
}
