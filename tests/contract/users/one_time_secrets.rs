//! Secrets that are valid once.

use std::thread;

use chatkeep::Secret;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_secret_is_valid_once_and_for_its_purpose,
    only_the_hash_of_a_secret_is_stored,
    of_concurrent_calls_one_gets_the_subject,
    an_expired_secret_is_invalid_and_pruned,
    unused_secrets_of_a_subject_are_deleted,
    invalid_values_are_rejected_by_name,
];

fn create(store: &Store, purpose: &str, subject: &str) -> Secret {
    let created = store.users().create_one_time_secret(purpose, subject, 3_600);
    Secret::from(created.expect("the secret is created").secret.expose())
}

fn consume(store: &Store, secret: &Secret, purpose: &str) -> Option<String> {
    store.users().consume_one_time_secret(secret, purpose).expect("the call succeeds")
}

fn a_secret_is_valid_once_and_for_its_purpose(store: &Store) {
    let secret = create(store, "reset", "user \u{1f511} 'x'");
    let other = create(store, "reset", "");
    assert_eq!(consume(store, &secret, "confirm"), None);
    assert_eq!(consume(store, &secret, "RESET"), None);
    assert_eq!(consume(store, &secret, "reset").as_deref(), Some("user \u{1f511} 'x'"));
    assert_eq!(consume(store, &secret, "reset"), None);
    for text in ["", "ck_x", "a b", "nonsense", "' OR 1=1 --", &"x".repeat(10_000)] {
        assert_eq!(consume(store, &Secret::from(text), "reset"), None, "{text:.20}");
    }
    assert_eq!(consume(store, &other, "reset").as_deref(), Some(""));
    // It is not an API token.
    let token = create(store, "reset", "x");
    assert!(!store.tokens().verify_token(token.expose()).expect("the query succeeds"));
}

fn only_the_hash_of_a_secret_is_stored(store: &Store) {
    let created = store.users().create_one_time_secret("reset", "user-1", 60).expect("created");
    let lifetime = created.expires_at.as_microsecond() - created.created_at.as_microsecond();
    assert_eq!(lifetime, 60_000_000);
    let secret = created.secret.expose();
    let rows = store.raw.query("SELECT * FROM one_time_secrets");
    assert!(rows[0].iter().flatten().all(|value| !value.contains(&secret[8..])));
    assert!(!format!("{created:?}").contains(&secret[8..]));
}

fn of_concurrent_calls_one_gets_the_subject(store: &Store) {
    let other = store.new_handle();
    for _ in 0..5 {
        let secret = create(store, "state", "s");
        let call = |number: usize| {
            let chat = if number.is_multiple_of(2) { &**store } else { &other };
            let used = chat.users().consume_one_time_secret(&secret, "state");
            used.expect("the call succeeds")
        };
        let subjects: Vec<_> = thread::scope(|scope| {
            let call = &call;
            let threads: Vec<_> = (0..6).map(|number| scope.spawn(move || call(number))).collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(subjects, ["s"]);
    }
}

fn an_expired_secret_is_invalid_and_pruned(store: &Store) {
    let (expired, valid) = (create(store, "reset", "old"), create(store, "reset", "new"));
    store.raw.execute(
        "UPDATE one_time_secrets SET expires_at = '2024-01-01 00:00:00.000000' \
         WHERE subject = 'old'",
    );
    assert_eq!(consume(store, &expired, "reset"), None);
    let prune = || store.users().prune_one_time_secrets().expect("the deletion succeeds");
    assert_eq!((prune(), prune()), (1, 0));
    assert_eq!(consume(store, &valid, "reset").as_deref(), Some("new"));
}

fn unused_secrets_of_a_subject_are_deleted(store: &Store) {
    let secrets = [("reset", "a"), ("reset", "a"), ("reset", "b"), ("confirm", "a")]
        .map(|(purpose, subject)| (create(store, purpose, subject), purpose, subject));
    let deleted = store.users().delete_one_time_secrets("reset", "a");
    assert_eq!(deleted.expect("the deletion succeeds"), 2);
    let left: Vec<_> =
        secrets.iter().filter_map(|(secret, purpose, _)| consume(store, secret, purpose)).collect();
    assert_eq!(left, ["b", "a"]);
}

fn invalid_values_are_rejected_by_name(store: &Store) {
    let users = store.users();
    for purpose in ["", "a\n", &"x".repeat(51)] {
        assert_rejected(users.create_one_time_secret(purpose, "s", 60), "purpose");
        assert_rejected(users.delete_one_time_secrets(purpose, "s"), "purpose");
    }
    for subject in ["a\0", &"x".repeat(256)] {
        assert_rejected(users.create_one_time_secret("reset", subject, 60), "subject");
        assert_rejected(users.delete_one_time_secrets("reset", subject), "subject");
    }
    for lifetime in [0, -1, 366 * 86_400 + 1, i64::MAX, i64::MIN] {
        assert_rejected(users.create_one_time_secret("reset", "s", lifetime), "lifetime_seconds");
    }
    users.create_one_time_secret("reset", "s", 366 * 86_400).expect("the longest lifetime");
}
