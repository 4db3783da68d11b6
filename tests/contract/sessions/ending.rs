//! The end of sessions: by id, by secret, of a user; and deletion after it.

use chatkeep::{NewSession, SessionReason};

use super::{add_user, reason, rotate_ago, session, set_ago};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, open};

on_every_engine![
    a_revocation_takes_effect_at_once_in_all_handles,
    unknown_and_ended_sessions_are_not_revoked,
    a_logout_ends_the_session_by_any_of_its_secrets,
    all_sessions_of_a_user_are_revoked_except_one,
    a_change_of_the_user_ends_cached_sessions_at_once,
    a_change_that_ends_nothing_keeps_cached_lookups,
    sessions_are_deleted_days_after_their_end,
    out_of_range_days_are_rejected,
];

fn a_revocation_takes_effect_at_once_in_all_handles(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    let others = [open(store.raw.url()), open(store.raw.url())];
    for chat in others.iter().chain([&**store]) {
        assert_eq!(reason(chat, secret), SessionReason::Valid);
        assert_eq!(chat.sessions().verify_cached(secret), Some(true), "the session is cached");
    }
    assert!(others[0].sessions().revoke_session(&created.session.id).expect("it is revoked"));
    for chat in others.iter().chain([&**store]) {
        assert_eq!(chat.sessions().verify_cached(secret), None, "the cached entry is invalidated");
        let check = chat.sessions().check_session(secret).expect("the query succeeds");
        assert_eq!(check.reason, SessionReason::Revoked);
        let info = check.session.expect("its record");
        assert_eq!(info.revoked_reason.as_deref(), Some("revoked"));
        assert!(info.revoked_at.is_some());
    }
}

fn unknown_and_ended_sessions_are_not_revoked(store: &Store) {
    let created = session(store);
    let id = created.session.id.as_str();
    for unknown in ["", "a\0", "unknown", &id.to_uppercase(), &format!("{id} "), &"x".repeat(100)] {
        assert!(!store.sessions().revoke_session(unknown).expect("the query succeeds"));
        assert_eq!(store.sessions().revoke_all_sessions(unknown, None).expect("no user"), 0);
    }
    let revoke = || store.sessions().revoke_session(id).expect("the query succeeds");
    assert_eq!((revoke(), revoke()), (true, false));
    let other = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
    set_ago(store, "expires_at", 1);
    assert!(!store.sessions().revoke_session(&other.session.id).expect("the query succeeds"));
    assert!(!store.sessions().logout(other.secret.expose()).expect("the query succeeds"));
}

fn a_logout_ends_the_session_by_any_of_its_secrets(store: &Store) {
    add_user(store, "ann");
    for number in 0..3 {
        let created = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
        let first = created.secret.expose().to_owned();
        let second = rotate_ago(store, &first, 200);
        let secrets = [rotate_ago(store, &second, 100), second, first];
        assert!(store.sessions().logout(&secrets[number]).expect("the query succeeds"));
        assert!(!store.sessions().logout(&secrets[number]).expect("the query succeeds"));
        assert!(secrets.iter().all(|secret| reason(store, secret) == SessionReason::Revoked));
    }
    let other = chatkeep::SessionSecret::generate().expect("random bytes");
    assert!(!store.sessions().logout(other.expose()).expect("the query succeeds"));
}

fn all_sessions_of_a_user_are_revoked_except_one(store: &Store) {
    add_user(store, "ann");
    add_user(store, "bob");
    let create = |user| store.sessions().create_session(&NewSession::new(user)).expect("a session");
    let (kept, other) = (create("ann"), create("bob"));
    let ended = [create("ann"), create("ann")];
    for created in ended.iter().chain([&kept, &other]) {
        assert_eq!(reason(store, created.secret.expose()), SessionReason::Valid);
    }
    let revoke = |except| store.sessions().revoke_all_sessions("ann", except).expect("revoked");
    assert_eq!(revoke(Some(kept.session.id.as_str())), 2);
    for created in &ended {
        assert_eq!(reason(store, created.secret.expose()), SessionReason::Revoked);
    }
    for created in [&kept, &other] {
        assert_eq!(reason(store, created.secret.expose()), SessionReason::Valid);
    }
    // The session of another user is not exempt.
    assert_eq!(revoke(Some(other.session.id.as_str())), 1);
    assert_eq!(revoke(None), 0);
    assert_eq!(reason(store, other.secret.expose()), SessionReason::Valid);
}

fn a_change_of_the_user_ends_cached_sessions_at_once(store: &Store) {
    let other = open(store.raw.url());
    let changes: [fn(&Store); 3] = [
        |store| assert!(store.users().end_sessions("ann").expect("a new stamp")),
        |store| {
            let changed = store.users().set_password("ann", &"correct horse".into(), true);
            assert!(changed.expect("a new password"));
        },
        |store| assert!(store.users().set_active("ann", false).expect("the user is inactive")),
    ];
    add_user(store, "ann");
    for change in changes {
        let created = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
        let secret = created.secret.expose();
        assert_eq!(reason(store, secret), SessionReason::Valid);
        assert_eq!(reason(&other, secret), SessionReason::Valid);
        change(store);
        assert!(!store.sessions().verify_session(secret).expect("the query succeeds"));
        assert!(!other.sessions().verify_session(secret).expect("the query succeeds"));
    }
}

fn a_change_that_ends_nothing_keeps_cached_lookups(store: &Store) {
    let (sessions, users, tokens) = (store.sessions(), store.users(), store.tokens());
    let session = session(store);
    let token = tokens.create_token("a", None).expect("the token is created");
    add_user(store, "bob");
    let look_up = || {
        assert!(sessions.verify_session(session.secret.expose()).expect("the query succeeds"));
        assert!(tokens.verify_token(token.token.expose()).expect("the query succeeds"));
    };
    let cached = || {
        let session = sessions.verify_cached(session.secret.expose());
        (session.is_some(), tokens.verify_cached(token.token.expose()).is_some())
    };
    look_up();
    assert!(!users.end_sessions("nobody").expect("no user"));
    assert!(!users.set_active("nobody", false).expect("no user"));
    assert!(!users.delete_user("nobody").expect("no user"));
    assert!(!users.set_password("nobody", &"secret".into(), true).expect("no user"));
    assert!(users.set_password("bob", &"secret".into(), false).expect("it is set"));
    assert_eq!(tokens.delete_expired_tokens().expect("no token"), 0);
    assert_eq!(tokens.delete_expired_tokens_with(&mut |_| {}).expect("no token"), 0);
    assert_eq!(cached(), (true, true));
    assert!(users.set_password("bob", &"secret".into(), true).expect("it is set"));
    assert_eq!(cached(), (false, true));
    look_up();
    // Another process may have ended them since they were cached.
    assert_eq!(sessions.revoke_all_sessions("bob", None).expect("no session"), 0);
    assert_eq!(cached(), (false, true));
    look_up();
    assert!(users.delete_user("bob").expect("it is deleted"));
    assert_eq!(cached(), (false, false));
}

fn sessions_are_deleted_days_after_their_end(store: &Store) {
    add_user(store, "ann");
    const DAY: i64 = 86_400;
    let create = |change: &str| {
        let created = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
        let id = created.session.id;
        store.raw.execute(&format!("UPDATE user_sessions SET {change} WHERE public_id = '{id}'"));
        id
    };
    let at = |column: &str, seconds| format!("{column} = '{}'", super::stored(super::ago(seconds)));
    let kept = [
        create("label = 'open'"),
        create(&at("expires_at", 30 * DAY - 60)),
        create(&at("revoked_at", 29 * DAY)),
        create(&at("idle_expires_at", 29 * DAY)),
        create(&at("last_seen_at", 300 * DAY)),
    ];
    for column in ["expires_at", "revoked_at", "idle_expires_at"] {
        create(&at(column, 30 * DAY + 60));
        create(&at(column, 300 * DAY));
    }
    create(&format!("{}, {}", at("expires_at", 40 * DAY), at("revoked_at", 50 * DAY)));
    assert_eq!(store.sessions().prune_sessions(30).expect("the deletion succeeds"), 7);
    assert_eq!(store.sessions().prune_sessions(30).expect("nothing is left"), 0);
    let page = store.sessions().list_sessions("ann", true, 100, None).expect("a page");
    let left: Vec<_> = page.sessions.into_iter().rev().map(|session| session.id).collect();
    assert_eq!(left, kept);
    assert_eq!(store.sessions().prune_sessions(1).expect("the deletion succeeds"), 3);
}

fn out_of_range_days_are_rejected(store: &Store) {
    for days in [0, -1, 3_650_001, i64::MIN, i64::MAX] {
        assert_rejected(store.sessions().prune_sessions(days), "days");
    }
}
