//! The credential that a program finds.

use chatkeep::{CredentialStatus, NewCredential};

use super::{add, add_named, find, get, with_key};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    unusable_versions_are_passed_over,
    an_expired_credential_is_not_found_but_revealed,
    a_cooldown_ends_and_is_never_shortened,
    all_required_scopes_must_be_present,
    invalid_values_are_refused_by_name,
];

fn unusable_versions_are_passed_over(store: &Store) {
    let chat = with_key(store);
    let credentials = chat.credentials();
    let ids: Vec<_> = (1..=4).map(|n| add_named(&chat, "a", &format!("s{n}")).id).collect();
    assert_eq!(find(&chat, "a").as_deref(), Some("s4"));
    credentials.set_credential_status(&ids[3], CredentialStatus::Disabled).expect("disabled");
    assert_eq!(find(&chat, "a").as_deref(), Some("s3"));
    credentials.set_credential_status(&ids[2], CredentialStatus::Revoked).expect("revoked");
    assert_eq!(find(&chat, "a").as_deref(), Some("s2"));
    credentials.cool_down_credential(&ids[1], 600).expect("it cools down");
    assert_eq!(find(&chat, "a").as_deref(), Some("s1"));
    credentials.delete_credential(&ids[0]).expect("deleted");
    assert_eq!(find(&chat, "a"), None);
    credentials.set_credential_status(&ids[3], CredentialStatus::Active).expect("active");
    assert_eq!(find(&chat, "a").as_deref(), Some("s4"));
}

fn an_expired_credential_is_not_found_but_revealed(store: &Store) {
    let chat = with_key(store);
    let id = add_named(&chat, "a", "s1").id;
    store.raw.execute("UPDATE chat_credentials SET expires_at = '2024-01-01 00:00:00.000000'");
    assert_eq!(find(&chat, "a"), None);
    assert_eq!(super::reveal(&chat, &id), "s1");
    add_named(&chat, "a", "s2");
    assert_eq!(find(&chat, "a").as_deref(), Some("s2"));
}

fn a_cooldown_ends_and_is_never_shortened(store: &Store) {
    let chat = with_key(store);
    let id = add_named(&chat, "a", "s").id;
    let credentials = chat.credentials();
    let cool_down = |seconds| credentials.cool_down_credential(&id, seconds);
    let until = || get(&chat, &id).expect("it exists").cooldown_until;
    assert!(cool_down(600).expect("it cools down"));
    let first = until();
    assert!(cool_down(1).expect("a later end is kept"));
    assert_eq!((until(), find(&chat, "a")), (first, None));
    assert!(cool_down(1_200).expect("it is extended"));
    assert!(until() > first);
    assert!(cool_down(0).expect("it ends"));
    assert_eq!((until(), find(&chat, "a").as_deref()), (None, Some("s")));
    store.raw.execute("UPDATE chat_credentials SET cooldown_until = '2024-01-01 00:00:00.000000'");
    assert_eq!(find(&chat, "a").as_deref(), Some("s"));
    for seconds in [-1, 31_536_001, i64::MIN, i64::MAX] {
        assert_rejected(cool_down(seconds), "seconds");
    }
    assert!(cool_down(31_536_000).expect("the longest cooldown"));
    for unknown in ["unknown", "", "a\0"] {
        assert!(!credentials.cool_down_credential(unknown, 1).expect("the query succeeds"));
    }
}

fn all_required_scopes_must_be_present(store: &Store) {
    let chat = with_key(store);
    add(&chat, &NewCredential::new("a", "chat and embed").with_scopes(["chat", "embed"]));
    add(&chat, &NewCredential::new("a", "chat").with_scopes(["chat"]));
    add(&chat, &NewCredential::new("a", "without scopes"));
    let find = |scope: Option<&str>| {
        let found = chat.credentials().find_credential("a", None, None, scope);
        found.expect("the query succeeds").map(|found| found.secret.expose().to_owned())
    };
    for (scope, expected) in [
        (None, Some("without scopes")),
        (Some("chat"), Some("chat")),
        (Some("embed"), Some("chat and embed")),
        (Some("embed chat"), Some("chat and embed")),
        (Some("cha"), None),
        (Some("chat admin"), None),
    ] {
        assert_eq!(find(scope).as_deref(), expected, "{scope:?}");
    }
}

fn invalid_values_are_refused_by_name(store: &Store) {
    let chat = with_key(store);
    let find = |name, provider, user_id, scope| {
        chat.credentials().find_credential(name, provider, user_id, scope)
    };
    let long = "x".repeat(101);
    for name in ["", "a\0", &long] {
        assert_rejected(find(name, None, None, None), "name");
    }
    for provider in ["", "OpenAI", "a b", &long] {
        assert_rejected(find("a", Some(provider), None, None), "provider");
    }
    assert_rejected(find("a", None, Some("a\0"), None), "user_id");
    for scope in ["", "a  b", " a", "é"] {
        assert_rejected(find("a", None, None, Some(scope)), "scope");
    }
}
