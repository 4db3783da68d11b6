//! Sixteen callers with one session.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;

use chatkeep::{NewSession, SessionReason};

use super::{add_user, reason, rotate_ago, session};
use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![
    concurrent_rotations_return_one_new_secret,
    concurrent_rotations_with_both_secrets_return_one_new_secret,
    a_logout_during_rotations_ends_the_session,
    exactly_one_concurrent_revocation_returns_true,
    concurrent_late_uses_revoke_the_session_once,
];

const CALLERS: usize = 16;

/// Runs `call` in 16 threads at the same time, on two handles, with the thread's number.
fn race<T: Send>(store: &Store, call: impl Fn(&chatkeep::Chatkeep, usize) -> T + Sync) -> Vec<T> {
    let other = open(store.raw.url());
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CALLERS)
            .map(|number| {
                let chat = if number % 2 == 0 { &**store } else { &other };
                let (barrier, call) = (&barrier, &call);
                scope.spawn(move || {
                    barrier.wait();
                    call(chat, number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn concurrent_rotations_return_one_new_secret(store: &Store) {
    add_user(store, "ann");
    for _ in 0..4 {
        let created = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
        let old = created.secret.expose();
        let answers = race(store, |chat, _| {
            let rotated = chat.sessions().rotate_session(old).expect("the query succeeds");
            let rotated = rotated.expect("the session is valid");
            // Each continues with its secret, and with the previous one.
            assert_eq!(reason(chat, rotated.secret.expose()), SessionReason::Valid);
            assert_eq!(reason(chat, old), SessionReason::Valid);
            (rotated.secret.expose().to_owned(), rotated.rotated)
        });
        let secrets: HashSet<_> = answers.iter().map(|(secret, _)| secret).collect();
        assert_eq!(secrets.len(), 1);
        assert_eq!(answers.iter().filter(|(_, rotated)| *rotated).count(), 1);
        assert!(!secrets.iter().any(|secret| *secret == old));
    }
}

fn concurrent_rotations_with_both_secrets_return_one_new_secret(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let current = rotate_ago(store, old, 50);
    let answers = race(store, |chat, number| {
        let secret = if number % 3 == 0 { old } else { &current };
        let rotated = chat.sessions().rotate_session(secret).expect("the query succeeds");
        rotated.expect("the session is valid").secret.expose().to_owned()
    });
    assert!(answers.iter().all(|secret| *secret == current));
}

fn a_logout_during_rotations_ends_the_session(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let answers = race(store, |chat, number| {
        if number == 7 {
            assert!(chat.sessions().logout(old).expect("the query succeeds"));
            return None;
        }
        chat.sessions().rotate_session(old).expect("the query succeeds")
    });
    for rotated in answers.into_iter().flatten() {
        assert_eq!(reason(store, rotated.secret.expose()), SessionReason::Revoked);
    }
    assert_eq!(reason(store, old), SessionReason::Revoked);
    let ended = store.sessions().list_sessions("ann", true, 10, None).expect("a page").sessions;
    assert_eq!(ended[0].revoked_reason.as_deref(), Some("logout"));
}

fn exactly_one_concurrent_revocation_returns_true(store: &Store) {
    let created = session(store);
    let (id, secret) = (created.session.id.as_str(), created.secret.expose());
    let ended = race(store, |chat, number| {
        let ended = match number % 3 {
            0 => chat.sessions().revoke_session(id),
            1 => chat.sessions().logout(secret),
            _ => chat.sessions().revoke_all_sessions("ann", None).map(|count| count > 0),
        };
        ended.expect("the query succeeds")
    });
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);
}

fn concurrent_late_uses_revoke_the_session_once(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let new = rotate_ago(store, old, 90);
    let reasons = race(store, |chat, _| reason(chat, old));
    assert!(reasons.contains(&SessionReason::Rotated));
    assert!(
        reasons
            .iter()
            .all(|reason| matches!(reason, SessionReason::Rotated | SessionReason::Revoked))
    );
    assert_eq!(reason(store, &new), SessionReason::Revoked);
}
