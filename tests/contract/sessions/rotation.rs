//! Rotation: a new secret, and a minute in which the previous one is valid.

use std::thread::sleep;
use std::time::Duration;

use chatkeep::{SessionInfo, SessionReason};

use super::{reason, rotate_ago, session, set_ago};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    both_secrets_are_valid_for_a_minute,
    within_a_minute_every_call_returns_the_same_new_secret,
    a_late_use_of_the_previous_secret_revokes_the_session,
    a_use_of_an_earlier_secret_revokes_the_session,
    a_rotation_by_a_late_secret_revokes_the_session,
    a_session_ends_only_if_another_lookup_finds_the_late_use,
    a_rotation_whose_salt_was_deleted_early_is_not_an_error,
    an_invalid_session_is_not_rotated,
    a_rotation_ends_cached_lookups_of_the_previous_secret,
    the_salt_of_a_rotation_is_deleted,
];

fn stored(store: &Store) -> SessionInfo {
    let page = store.sessions().list_sessions("ann", true, 1, None).expect("the query succeeds");
    page.sessions.into_iter().next().expect("the session exists")
}

fn both_secrets_are_valid_for_a_minute(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let rotated = store.sessions().rotate_session(old).expect("the query succeeds");
    let rotated = rotated.expect("the session is valid");
    assert!(rotated.rotated);
    let new = rotated.secret.expose();
    assert!(new.starts_with("cs_") && new.len() == 52 && new != old);
    for chat in [&**store, &store.new_handle()] {
        assert_eq!(reason(chat, old), SessionReason::Valid);
        assert_eq!(reason(chat, new), SessionReason::Valid);
    }
    assert_eq!(stored(store), rotated.session);
    assert_eq!(
        (&rotated.session.id, rotated.session.rotated_at.is_some()),
        (&created.session.id, true)
    );
    assert_eq!(rotated.session.expires_at, created.session.expires_at);
}

fn within_a_minute_every_call_returns_the_same_new_secret(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let new = rotate_ago(store, old, 55);
    // A retry after a lost response, other requests of the browser, and one with the new secret.
    for (chat, secret) in
        [(&**store, old), (&store.new_handle(), old), (store, new.as_str()), (store, old)]
    {
        let again = chat.sessions().rotate_session(secret).expect("the query succeeds");
        let again = again.expect("the session is valid");
        assert_eq!((again.secret.expose(), again.rotated), (new.as_str(), false));
    }
    assert_eq!(stored(store).revoked_at, None);
}

fn a_late_use_of_the_previous_secret_revokes_the_session(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let new = rotate_ago(store, old, 61);
    let chat = store.new_handle();
    assert_eq!(reason(&chat, &new), SessionReason::Valid);
    assert_eq!(chat.sessions().verify_cached(&new), Some(true));
    assert_eq!(reason(&chat, old), SessionReason::Rotated);
    // All secrets are invalid at once, in all handles of this process.
    for chat in [&chat, &**store] {
        assert_eq!(reason(chat, &new), SessionReason::Revoked);
        assert_eq!(reason(chat, old), SessionReason::Revoked);
    }
    assert_eq!(stored(store).revoked_reason.as_deref(), Some("reuse"));
}

fn a_use_of_an_earlier_secret_revokes_the_session(store: &Store) {
    let created = session(store);
    let first = created.secret.expose();
    let second = rotate_ago(store, first, 600);
    let third = rotate_ago(store, &second, 300);
    let fourth = rotate_ago(store, &third, 30);
    assert!(store.sessions().verify_session(&third).expect("the query succeeds"));
    assert!(store.sessions().verify_session(&fourth).expect("the query succeeds"));
    assert!(!store.sessions().verify_session(first).expect("the query succeeds"));
    assert_eq!(reason(store, &fourth), SessionReason::Revoked);
    assert_eq!(stored(store).revoked_reason.as_deref(), Some("reuse"));
}

fn a_rotation_by_a_late_secret_revokes_the_session(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let new = rotate_ago(store, old, 61);
    assert_eq!(store.sessions().rotate_session(old).expect("the query succeeds"), None);
    assert_eq!(reason(store, &new), SessionReason::Revoked);
    assert_eq!(stored(store).revoked_reason.as_deref(), Some("reuse"));
}

fn an_invalid_session_is_not_rotated(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    assert!(store.sessions().revoke_session(&created.session.id).expect("the query succeeds"));
    assert_eq!(store.sessions().rotate_session(secret).expect("the query succeeds"), None);
    store.raw.execute("UPDATE user_sessions SET revoked_at = NULL");
    store.raw.execute("UPDATE user_sessions SET expires_at = '2001-01-01 00:00:00.000000'");
    assert_eq!(store.sessions().rotate_session(secret).expect("the query succeeds"), None);
    assert_eq!(stored(store).rotated_at, None);
}

fn a_rotation_ends_cached_lookups_of_the_previous_secret(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    assert!(store.sessions().verify_session(old).expect("the query succeeds"));
    assert_eq!(store.sessions().verify_cached(old), Some(true));
    store.sessions().rotate_session(old).expect("the query succeeds").expect("it is valid");
    assert_eq!(store.sessions().verify_cached(old), None, "its validity ends in a minute");
    assert!(store.sessions().verify_session(old).expect("the query succeeds"));
    assert_eq!(store.sessions().verify_cached(old), Some(true));
}

fn the_salt_of_a_rotation_is_deleted(store: &Store) {
    let created = session(store);
    let salt = || store.raw.scalar("SELECT rotation_salt FROM user_sessions");
    let new = rotate_ago(store, created.secret.expose(), 120);
    assert_eq!(salt().map(|salt| salt.len()), Some(32));
    assert!(store.sessions().verify_session(&new).expect("the query succeeds"));
    store.flush(crate::store::TIMEOUT).expect("the use is recorded");
    assert_eq!(salt(), None, "a use after the minute deletes it");
    rotate_ago(store, &new, 30);
    assert!(salt().is_some());
    assert!(store.sessions().logout(&new).expect("the query succeeds"));
    assert_eq!(salt(), None, "the end of the session deletes it");
}

fn a_session_ends_only_if_another_lookup_finds_the_late_use(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    let new = rotate_ago(store, old, 57);
    assert_eq!(reason(store, old), SessionReason::Valid);
    // The cached lookup is of an earlier state, as those of another node of a cluster may be.
    set_ago(store, "rotated_at", 0);
    sleep(Duration::from_millis(3_100));
    assert_eq!(store.sessions().verify_cached(old), None, "the database is asked");
    assert_eq!(reason(store, old), SessionReason::Valid);
    assert_eq!(reason(store, &new), SessionReason::Valid);
    assert_eq!(stored(store).revoked_at, None);
}

fn a_rotation_whose_salt_was_deleted_early_is_not_an_error(store: &Store) {
    let created = session(store);
    let old = created.secret.expose();
    rotate_ago(store, old, 30);
    // By a process whose clock is fast.
    store.raw.execute("UPDATE user_sessions SET rotation_salt = NULL");
    assert_eq!(store.sessions().rotate_session(old).expect("not an error"), None);
    assert_eq!(stored(store).revoked_at, None);
}
