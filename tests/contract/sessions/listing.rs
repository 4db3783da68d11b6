//! Pages of a user's sessions.

use chatkeep::NewSession;

use super::{add_user, set_ago};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    open_sessions_are_listed_newest_first,
    pages_continue_after_a_deleted_session,
    invalid_pages_are_rejected,
];

fn open_sessions_are_listed_newest_first(store: &Store) {
    add_user(store, "ann");
    add_user(store, "bob");
    let create = |user: &str, label: &str| {
        let new = NewSession::new(user).with_label(label).with_idle_seconds(600);
        store.sessions().create_session(&new).expect("a session").session.id
    };
    let list = |user: &str, include_ended| -> Vec<String> {
        let page = store.sessions().list_sessions(user, include_ended, 100, None);
        let page = page.expect("the query succeeds");
        assert_eq!(page.next_cursor, None);
        page.sessions.into_iter().filter_map(|session| session.label).collect()
    };
    let set = |label: &str, change: &str| {
        let sql = format!("UPDATE user_sessions SET {change} WHERE label = '{label}'");
        store.raw.execute(&sql);
    };
    for label in ["a", "revoked", "expired", "idle", "b"] {
        create("ann", label);
    }
    create("bob", "c");
    assert_eq!(list("ann", false), ["b", "idle", "expired", "revoked", "a"]);
    let past = "'2001-01-01 00:00:00.000000'";
    set("revoked", &format!("revoked_at = {past}"));
    set("expired", &format!("expires_at = {past}"));
    set("idle", &format!("idle_expires_at = {past}"));
    assert_eq!(list("ann", false), ["b", "a"]);
    assert_eq!(list("ann", true), ["b", "idle", "expired", "revoked", "a"]);
    assert_eq!(list("bob", false), ["c"]);
    for unknown in ["Ann", "", "a\0"] {
        assert!(list(unknown, true).is_empty());
    }
    // A session that ends by inactivity is open for another minute, as in a check.
    set("a", &format!("idle_expires_at = '{}'", super::stored(super::ago(30))));
    assert_eq!(list("ann", false), ["b", "a"]);
    store.raw.execute("UPDATE chat_users SET stamp = 'new' WHERE public_id = 'ann'");
    assert!(list("ann", false).is_empty());
    assert_eq!(list("ann", true).len(), 5);
}

fn pages_continue_after_a_deleted_session(store: &Store) {
    add_user(store, "ann");
    let ids: Vec<_> = (0..5)
        .map(|_| {
            let created = store.sessions().create_session(&NewSession::new("ann"));
            created.expect("a session").session.id
        })
        .collect();
    let page = |cursor: Option<&str>| {
        let page = store.sessions().list_sessions("ann", false, 2, cursor).expect("a page");
        let listed: Vec<_> = page.sessions.into_iter().map(|session| session.id).collect();
        (listed, page.next_cursor)
    };
    let (first, cursor) = page(None);
    assert_eq!(first, [ids[4].as_str(), ids[3].as_str()]);
    store.raw.execute(&format!("DELETE FROM user_sessions WHERE public_id = '{}'", ids[3]));
    let (second, cursor) = page(cursor.as_deref());
    assert_eq!(second, [ids[2].as_str(), ids[1].as_str()]);
    assert_eq!(page(cursor.as_deref()), (vec![ids[0].clone()], None));
    set_ago(store, "expires_at", 1);
    assert_eq!(page(None), (vec![], None));
}

fn invalid_pages_are_rejected(store: &Store) {
    add_user(store, "ann");
    for limit in [0, -1, 10_001, i64::MAX] {
        assert_rejected(store.sessions().list_sessions("ann", false, limit, None), "limit");
    }
    for cursor in ["", "x", "1"] {
        let page = store.sessions().list_sessions("ann", false, 1, Some(cursor));
        assert_rejected(page, "cursor");
    }
}
