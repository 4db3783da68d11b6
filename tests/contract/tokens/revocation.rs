//! Revocation: permanent, and only of the given token.

use std::sync::Barrier;
use std::thread;

use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![
    revocation_takes_effect_at_once_and_only_for_its_token,
    revoking_again_or_an_unknown_id_returns_false,
    exactly_one_concurrent_revocation_returns_true,
    another_handle_sees_the_revocation,
    a_revocation_invalidates_cached_lookups_of_all_handles,
    checks_started_after_a_revocation_never_return_valid,
];

fn revocation_takes_effect_at_once_and_only_for_its_token(store: &Store) {
    let tokens = ["a", "b"]
        .map(|name| store.tokens().create_token(name, None).expect("the token is created"));
    let valid = |index: usize| {
        store.tokens().verify_token(tokens[index].token.expose()).expect("the query succeeds")
    };
    assert!(valid(0) && valid(1));
    assert!(store.tokens().revoke_token(tokens[0].id).expect("the token is revoked"));
    assert!(!valid(0) && valid(1));
    let info = store
        .tokens()
        .get_token_info(tokens[0].id)
        .expect("the query succeeds")
        .expect("the token exists");
    assert!(!info.is_active, "a revoked token stays in the list");
}

fn revoking_again_or_an_unknown_id_returns_false(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    assert!(store.tokens().revoke_token(created.id).expect("the token is revoked"));
    for id in [created.id, created.id + 1, 0, -1, i64::MIN, i64::MAX] {
        assert!(!store.tokens().revoke_token(id).expect("the query succeeds"), "{id}");
    }
}

fn exactly_one_concurrent_revocation_returns_true(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let revoked = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| store.tokens().revoke_token(created.id))).collect();
        let results = threads.into_iter().map(|thread| {
            thread.join().expect("the thread does not panic").expect("the query succeeds")
        });
        results.filter(|revoked| *revoked).count()
    });
    assert_eq!(revoked, 1);
}

fn another_handle_sees_the_revocation(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let other = open(store.raw.url());
    assert!(other.tokens().revoke_token(created.id).expect("the token is revoked"));
    assert!(!store.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
}

fn a_revocation_invalidates_cached_lookups_of_all_handles(store: &Store) {
    let created = store.tokens().create_token("a", None).expect("the token is created");
    let token = created.token.expose();
    // One of them opens the same database by another URL.
    let others = [open(store.raw.url()), open(&alternative_url(store))];
    for chat in others.iter().chain([&**store]) {
        assert!(chat.tokens().verify_token(token).expect("the query succeeds"));
        assert_eq!(chat.tokens().verify_cached(token), Some(true), "the token is cached");
    }
    assert!(others[0].tokens().revoke_token(created.id).expect("the token is revoked"));
    for chat in others.iter().chain([&**store]) {
        assert_eq!(chat.tokens().verify_cached(token), None, "the cached entry is invalidated");
        assert!(!chat.tokens().verify_token(token).expect("the query succeeds"));
    }
}

/// Returns a different URL of the same database.
fn alternative_url(store: &Store) -> String {
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

fn checks_started_after_a_revocation_never_return_valid(store: &Store) {
    const ROUNDS: usize = 200;
    let other = open(store.raw.url());
    let tokens: Vec<_> = (0..ROUNDS)
        .map(|_| store.tokens().create_token("a", None).expect("the token is created"))
        .collect();
    let (begin, end) = (Barrier::new(3), Barrier::new(3));
    thread::scope(|scope| {
        for chat in [&**store, &other] {
            let (tokens, begin, end) = (&tokens, &begin, &end);
            scope.spawn(move || {
                for created in tokens {
                    begin.wait();
                    // Concurrent with the revocation: either result is correct.
                    let _ = chat
                        .tokens()
                        .verify_token(created.token.expose())
                        .expect("the query succeeds");
                    end.wait();
                }
            });
        }
        for created in &tokens {
            begin.wait();
            assert!(store.tokens().revoke_token(created.id).expect("the token is revoked"));
            for chat in [&**store, &other] {
                let valid =
                    chat.tokens().verify_token(created.token.expose()).expect("the query succeeds");
                if valid {
                    // A panic would deadlock: the scope joins threads that wait for the next round.
                    eprintln!("a revoked token was valid");
                    std::process::abort();
                }
            }
            end.wait();
        }
    });
}
