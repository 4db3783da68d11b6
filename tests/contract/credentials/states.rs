//! States of credentials, and deletion some time after their end.

use chatkeep::CredentialStatus::{Active, Disabled, Revoked};
use chatkeep::{NewCredential, Timestamp};

use super::{add, add_named, get, with_key};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, at, number};

on_every_engine![
    a_revocation_is_final,
    a_deleted_credential_does_not_exist,
    old_credentials_are_deleted_after_their_end,
    many_old_credentials_are_deleted_in_batches,
];

fn a_revocation_is_final(store: &Store) {
    let chat = with_key(store);
    let id = add_named(&chat, "a", "s").id;
    let set = |status| chat.credentials().set_credential_status(&id, status);
    let state = || {
        let credential = get(&chat, &id).expect("it exists");
        (credential.status, credential.revoked_at)
    };
    for status in [Disabled, Disabled, Active, Active, Disabled] {
        assert!(set(status).expect("it is set"));
        assert_eq!(state(), (status, None));
    }
    let before = Timestamp::now();
    assert!(set(Revoked).expect("it is revoked"));
    let (status, revoked_at) = state();
    assert_eq!(status, Revoked);
    assert!(revoked_at >= Some(before));
    assert!(set(Revoked).expect("it is revoked already"));
    assert_eq!(state(), (Revoked, revoked_at));
    for status in [Active, Disabled] {
        assert_conflict(set(status), "status");
        assert_eq!(state(), (Revoked, revoked_at));
    }
    for unknown in ["unknown", "", "a\0", &"x".repeat(100)] {
        let set = chat.credentials().set_credential_status(unknown, Active);
        assert!(!set.expect("the query succeeds"), "{unknown:?}");
    }
}

fn a_deleted_credential_does_not_exist(store: &Store) {
    let chat = with_key(store);
    let credentials = chat.credentials();
    let (id, other) = (add_named(&chat, "a", "s").id, add_named(&chat, "a", "t").id);
    assert!(credentials.delete_credential(&id).expect("it is deleted"));
    assert!(!credentials.delete_credential(&id).expect("the query succeeds"));
    assert_eq!(get(&chat, &id), None);
    assert!(credentials.reveal_credential(&id).expect("the query succeeds").is_none());
    assert!(!credentials.set_credential_status(&id, Active).expect("the query succeeds"));
    assert!(!credentials.cool_down_credential(&id, 1).expect("the query succeeds"));
    assert!(get(&chat, &other).is_some());
    for unknown in ["unknown", "", "a\0", &"x".repeat(100)] {
        assert!(!credentials.delete_credential(unknown).expect("the query succeeds"));
        assert_eq!(get(&chat, unknown), None);
    }
}

fn old_credentials_are_deleted_after_their_end(store: &Store) {
    let chat = with_key(store);
    let credentials = chat.credentials();
    let ids: Vec<_> = (0..5)
        .map(|number| {
            let new = NewCredential::new(number.to_string(), "s").with_expires_at(at("2999-01-01"));
            add(&chat, &new).id
        })
        .collect();
    for id in &ids[..2] {
        credentials.set_credential_status(id, Revoked).expect("it is revoked");
    }
    let past = |column: &str, id: &str, days: i64| {
        let time = Timestamp::now().checked_add_days(-days).expect("in range");
        let time = time.to_string()[..26].replace('T', " ");
        store.raw.execute(&format!(
            "UPDATE chat_credentials SET {column} = '{time}' WHERE public_id = '{id}'"
        ));
    };
    past("revoked_at", &ids[0], 31);
    past("expires_at", &ids[2], 31);
    past("expires_at", &ids[3], 29);
    // A credential that has not ended is not deleted, however old it is.
    past("created_at", &ids[4], 1_000);
    assert_eq!(credentials.delete_old_credentials(30).expect("they are deleted"), 2);
    let left = [false, true, false, true, true];
    for (id, is_left) in ids.iter().zip(left) {
        assert_eq!(get(&chat, id).is_some(), is_left, "{id}");
    }
    assert_eq!(credentials.delete_old_credentials(30).expect("none is left"), 0);
    for days in [0, -1, 3_650_001] {
        assert_rejected(credentials.delete_old_credentials(days), "days");
    }
}

fn many_old_credentials_are_deleted_in_batches(store: &Store) {
    let chat = with_key(store);
    let rows = |column: &str, start: i32| {
        let row = |number: i32| {
            let time = "'2024-01-01 00:00:00.000000'";
            let status = if column == "revoked_at" { "revoked" } else { "active" };
            format!("('p{number}', 'app', 'n{number}', 1, 'x', 'k', 1, '{status}', {time}, {time})")
        };
        let rows: Vec<_> = (start..start + 700).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_credentials (public_id, owner_key, name, version, ciphertext, \
             key_id, format, status, created_at, {column}) VALUES {}",
            rows.join(", ")
        ));
    };
    rows("revoked_at", 0);
    rows("expires_at", 700);
    add_named(&chat, "a", "s");
    assert_eq!(chat.credentials().delete_old_credentials(1).expect("they are deleted"), 1_400);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_credentials"), 1);
}
