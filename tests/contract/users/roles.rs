//! Roles of users.

use std::thread;

use chatkeep::Timestamp;

use super::create;
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    granted_roles_are_listed_and_revoked,
    a_further_grant_replaces_the_expiry,
    an_expired_role_is_none,
    concurrent_grants_store_one_role,
    invalid_grants_are_rejected_by_name,
];

fn in_an_hour() -> Timestamp {
    Timestamp::now().checked_add_microseconds(3_600_000_000).expect("in range")
}

fn granted_roles_are_listed_and_revoked(store: &Store) {
    let users = store.users();
    let (user, other) = (create(store, "a@example.org"), create(store, "b@example.org"));
    let id = user.public_id.as_str();
    let until = in_an_hour();
    let granted = users.grant_role(id, "Writer", Some(until), Some("admin@example.org"));
    let granted = granted.expect("the role is granted");
    assert_eq!(
        (granted.role.as_str(), granted.granted_by.as_deref(), granted.expires_at),
        ("Writer", Some("admin@example.org"), Some(until))
    );
    users.grant_role(id, "admin", None, None).expect("the role is granted");
    let roles = users.list_roles(id).expect("the query succeeds");
    let names: Vec<_> = roles.iter().map(|role| role.role.as_str()).collect();
    assert_eq!(names, ["Writer", "admin"]);
    assert_eq!(roles[0], granted);
    let has = |user: &str, role: &str| users.has_role(user, role).expect("the query succeeds");
    assert!(has(id, "admin") && has(id, "Writer"));
    assert!(!has(id, "Admin") && !has(id, "writer") && !has(&other.public_id, "admin"));
    assert!(users.revoke_role(id, "admin").expect("the role is revoked"));
    assert!(!users.revoke_role(id, "admin").expect("it is revoked already"));
    assert!(!has(id, "admin") && has(id, "Writer"));
}

fn a_further_grant_replaces_the_expiry(store: &Store) {
    let users = store.users();
    let user = create(store, "ada@example.org");
    let id = user.public_id.as_str();
    users.grant_role(id, "admin", Some(in_an_hour()), Some("one")).expect("granted");
    let second = users.grant_role(id, "admin", None, Some("two")).expect("granted");
    assert_eq!(users.list_roles(id).expect("the query succeeds"), std::slice::from_ref(&second));
    assert_eq!((second.expires_at, second.granted_by.as_deref()), (None, Some("two")));
}

fn an_expired_role_is_none(store: &Store) {
    let users = store.users();
    let user = create(store, "ada@example.org");
    let id = user.public_id.as_str();
    users.grant_role(id, "admin", Some(in_an_hour()), None).expect("the role is granted");
    store.raw.execute("UPDATE user_roles SET expires_at = '2024-01-01 00:00:00.000000'");
    assert!(!users.has_role(id, "admin").expect("the query succeeds"));
    assert!(users.list_roles(id).expect("the query succeeds").is_empty());
    assert!(!users.revoke_role(id, "admin").expect("the user does not have it"));
    users.grant_role(id, "admin", None, None).expect("the role is granted again");
    assert!(users.has_role(id, "admin").expect("the query succeeds"));
}

fn concurrent_grants_store_one_role(store: &Store) {
    let user = create(store, "ada@example.org");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let granted = store.users().grant_role(&user.public_id, "admin", None, None);
                granted.expect("the role is granted");
            });
        }
    });
    let roles = store.users().list_roles(&user.public_id).expect("the query succeeds");
    assert_eq!(roles.len(), 1);
}

fn invalid_grants_are_rejected_by_name(store: &Store) {
    let user = create(store, "ada@example.org");
    let too_long = "x".repeat(256);
    let grant = |role: &str, expires_at, granted_by| {
        store.users().grant_role(&user.public_id, role, expires_at, granted_by)
    };
    for role in ["", "a\n", "a\0", &"x".repeat(101)] {
        assert_rejected(grant(role, None, None), "role");
    }
    assert_rejected(grant("admin", Some(Timestamp::now()), None), "expires_at");
    assert_rejected(grant("admin", None, Some(&too_long)), "granted_by");
    grant(&"\u{1f511}".repeat(100), None, None).expect("the longest one fits");
}
