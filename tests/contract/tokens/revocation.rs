//! Revoking: once, for good, and only the token that was meant.

use std::sync::Barrier;
use std::thread;

use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![
    a_revoked_token_is_invalid_at_once_and_the_others_stay,
    revoking_again_or_what_is_not_there_is_false,
    of_many_who_revoke_at_once_one_did_it,
    another_handle_sees_the_revocation,
    a_revocation_is_seen_at_once_by_handles_that_remember_the_token,
    a_check_that_begins_after_a_revocation_is_never_answered_with_valid,
];

fn a_revoked_token_is_invalid_at_once_and_the_others_stay(store: &Store) {
    let tokens =
        ["a", "b"].map(|name| store.tokens().create_token(name, None).expect("a token is made"));
    let valid = |which: usize| {
        store.tokens().verify_token(tokens[which].token.expose()).expect("the store answers")
    };
    assert!(valid(0) && valid(1));
    assert!(store.tokens().revoke_token(tokens[0].id).expect("it is revoked"));
    assert!(!valid(0) && valid(1));
    let info = store
        .tokens()
        .get_token_info(tokens[0].id)
        .expect("the store answers")
        .expect("the token is there");
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
        let answers = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic").expect("the store answers"));
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

fn a_revocation_is_seen_at_once_by_handles_that_remember_the_token(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("a token is made");
    let token = created.token.expose();
    // One of them by another name of the same place.
    let others = [open(store.raw.url()), open(&another_name(store))];
    for chat in others.iter().chain([&**store]) {
        assert!(chat.tokens().verify_token(token).expect("the store answers"));
        assert_eq!(chat.tokens().verify_at_once(token), Some(true), "it is remembered");
    }
    assert!(others[0].tokens().revoke_token(created.id).expect("it is revoked"));
    for chat in others.iter().chain([&**store]) {
        assert_eq!(chat.tokens().verify_at_once(token), None, "it is looked up again");
        assert!(!chat.tokens().verify_token(token).expect("the store answers"));
    }
}

/// A URL that names the same database in another way.
fn another_name(store: &Store) -> String {
    let url = store.raw.url();
    match store.raw.path() {
        Some(path) => {
            let link = path.with_extension("link");
            std::fs::create_dir(&link).expect("a folder beside it");
            let name = path.file_name().expect("a file").to_string_lossy();
            format!("sqlite:///{}/../{name}", link.display())
        }
        None => url.replace("127.0.0.1", "localhost"),
    }
}

fn a_check_that_begins_after_a_revocation_is_never_answered_with_valid(store: &Store) {
    const ROUNDS: usize = 200;
    let other = open(store.raw.url());
    let tokens: Vec<_> = (0..ROUNDS)
        .map(|_| store.tokens().create_token("a", None).expect("a token is made"))
        .collect();
    let (begin, end) = (Barrier::new(3), Barrier::new(3));
    thread::scope(|scope| {
        for chat in [&**store, &other] {
            let (tokens, begin, end) = (&tokens, &begin, &end);
            scope.spawn(move || {
                for created in tokens {
                    begin.wait();
                    // Looked up while it is being revoked: either answer is right.
                    let _ = chat
                        .tokens()
                        .verify_token(created.token.expose())
                        .expect("the store answers");
                    end.wait();
                }
            });
        }
        for created in &tokens {
            begin.wait();
            assert!(store.tokens().revoke_token(created.id).expect("it is revoked"));
            for chat in [&**store, &other] {
                let valid =
                    chat.tokens().verify_token(created.token.expose()).expect("the store answers");
                if valid {
                    // The scope would wait for threads that wait for the next round.
                    eprintln!("a revoked token was valid");
                    std::process::abort();
                }
            }
            end.wait();
        }
    });
}
