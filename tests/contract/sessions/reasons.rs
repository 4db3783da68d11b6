//! Session checks: the reason for which a session is valid or invalid.

use std::time::Duration;

use chatkeep::{Chatkeep, NewSession, SessionReason};

use super::{add_user, reason, session, set_ago, stamp};
use crate::every_engine::on_every_engine;
use crate::store::{Store, at};

on_every_engine![
    every_reason_is_reported,
    texts_in_another_form_are_malformed,
    a_change_of_the_user_ends_all_sessions,
    a_session_is_invalid_at_its_end,
    an_idle_session_ends_up_to_a_minute_late,
    a_failed_query_is_not_an_invalid_session,
    without_the_cache_every_check_queries_the_database,
];

fn every_reason_is_reported(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    assert_eq!(reason(store, secret), SessionReason::Valid);
    let change = |sql: &str| {
        store.raw.execute(&format!("UPDATE {sql}"));
        let chat = store.new_handle();
        let valid = chat.sessions().verify_session(secret).expect("the query succeeds");
        let reason = reason(&store.new_handle(), secret);
        assert_eq!(valid, reason == SessionReason::Valid);
        reason
    };
    let past = "'2001-01-01 00:00:00.000000'";
    let future = "'2999-01-01 00:00:00.000000'";
    let idle = change(&format!("user_sessions SET idle_expires_at = {past}"));
    assert_eq!(idle, SessionReason::Idle);
    let expired = change(&format!("user_sessions SET expires_at = {past}"));
    assert_eq!(expired, SessionReason::Expired);
    assert_eq!(change("chat_users SET stamp = 'new'"), SessionReason::Ended);
    assert_eq!(change("chat_users SET active = FALSE"), SessionReason::UserInactive);
    let revoked = change(&format!("user_sessions SET revoked_at = {past}, reason = 'revoked'"));
    assert_eq!(revoked, SessionReason::Revoked);
    // The session is valid again only if all of it is undone.
    change(&format!("chat_users SET active = TRUE, stamp = '{}'", stamp("ann")));
    let valid = change(&format!(
        "user_sessions SET revoked_at = NULL, expires_at = {future}, idle_expires_at = {future}"
    ));
    assert_eq!(valid, SessionReason::Valid);
    store.raw.execute("DELETE FROM chat_users");
    assert_eq!(reason(&store.new_handle(), secret), SessionReason::Unknown);
}

fn texts_in_another_form_are_malformed(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    for text in ["", " ", "cs_", "a", &secret[..51], &format!("{secret} "), &"x".repeat(1 << 20)] {
        assert_eq!(reason(store, text), SessionReason::Malformed, "{text:.20}");
        assert!(!store.sessions().verify_session(text).expect("no query"));
        assert!(!store.sessions().logout(text).expect("no query"));
        assert_eq!(store.sessions().rotate_session(text).expect("no query"), None);
    }
    // Without the table, only a check that needs a query fails.
    store.raw.execute("DROP TABLE user_sessions");
    for index in 3..secret.len() {
        let mut typo = secret.as_bytes().to_vec();
        typo[index] = if typo[index] == b'0' { b'1' } else { b'0' };
        let typo = String::from_utf8(typo).expect("ASCII");
        assert_eq!(reason(store, &typo), SessionReason::Malformed, "character {index}");
    }
}

fn a_change_of_the_user_ends_all_sessions(store: &Store) {
    let first = session(store);
    let second = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
    add_user(store, "bob");
    let other = store.sessions().create_session(&NewSession::new("bob")).expect("a session");
    store.raw.execute("UPDATE chat_users SET stamp = 'new' WHERE public_id = 'ann'");
    let chat = store.new_handle();
    for ended in [&first, &second] {
        assert_eq!(reason(&chat, ended.secret.expose()), SessionReason::Ended);
        let rotated = chat.sessions().rotate_session(ended.secret.expose());
        assert_eq!(rotated.expect("the query succeeds"), None);
    }
    assert_eq!(reason(&chat, other.secret.expose()), SessionReason::Valid);
    let new = store.sessions().create_session(&NewSession::new("ann")).expect("a session");
    assert_eq!(reason(&chat, new.secret.expose()), SessionReason::Valid);
}

fn a_session_is_invalid_at_its_end(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    store.raw.execute("UPDATE user_sessions SET expires_at = '2024-01-02 00:00:00.000000'");
    let reason = |now: &str| found(store, secret).reason(at("2024-01-01"), at(now));
    assert_eq!(reason("2024-01-01T23:59:59.999999Z"), SessionReason::Valid);
    assert_eq!(reason("2024-01-02T00:00:00Z"), SessionReason::Expired);
}

fn an_idle_session_ends_up_to_a_minute_late(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    store.raw.execute(
        "UPDATE user_sessions SET last_seen_at = '2024-01-01 00:00:00.000000', \
         idle_expires_at = '2024-01-01 00:10:00.000000'",
    );
    let found = found(store, secret);
    let reason = |seen: &str, now: &str| found.reason(at(seen), at(now));
    let (seen, later) = ("2024-01-01T00:00:00Z", "2024-01-01T00:05:00Z");
    assert_eq!(reason(seen, "2024-01-01T00:10:59.999999Z"), SessionReason::Valid);
    assert_eq!(reason(seen, "2024-01-01T00:11:00Z"), SessionReason::Idle);
    // A later use moves the end.
    assert_eq!(reason(later, "2024-01-01T00:15:59.999999Z"), SessionReason::Valid);
    assert_eq!(reason(later, "2024-01-01T00:16:00Z"), SessionReason::Idle);
}

fn found(store: &Store, secret: &str) -> chatkeep_core::FoundSession {
    let found = store.database().with_connection(chatkeep_core::Role::Reader, |connection| {
        chatkeep_core::sessions::find(connection, secret)
    });
    found.expect("the query succeeds").expect("the session exists")
}

fn a_failed_query_is_not_an_invalid_session(store: &Store) {
    let created = session(store);
    store.raw.execute("DROP TABLE user_sessions");
    let chat = store.new_handle();
    assert!(chat.sessions().verify_session(created.secret.expose()).is_err());
    assert!(chat.sessions().check_session(created.secret.expose()).is_err());
    assert!(chat.sessions().rotate_session(created.secret.expose()).is_err());
    assert!(chat.sessions().list_sessions("ann", false, 1, None).is_err());
}

fn without_the_cache_every_check_queries_the_database(store: &Store) {
    let created = session(store);
    let secret = created.secret.expose();
    let chat = Chatkeep::builder().url(store.raw.url()).token_cache(Duration::ZERO).open();
    let chat = chat.expect("the settings are valid");
    assert_eq!(reason(&chat, secret), SessionReason::Valid);
    assert_eq!(chat.sessions().verify_cached(secret), None);
    set_ago(store, "expires_at", 1);
    assert_eq!(reason(&chat, secret), SessionReason::Expired);
    // The cached lookup of the other handle is a few seconds old.
    assert!(store.sessions().verify_cached(secret).is_none());
}
