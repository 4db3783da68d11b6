//! Several writers of the same credentials.

use std::collections::BTreeSet;
use std::thread;

use chatkeep::CredentialStatus::{Active, Disabled, Revoked};
use chatkeep::NewCredential;

use super::{add, add_named, create_provider, find, get, reveal, with_key};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, number};

on_every_engine![
    concurrent_additions_get_distinct_versions,
    a_deletion_does_not_hide_an_earlier_version,
    a_revocation_is_final_whatever_other_calls_do,
    a_provider_that_is_deleted_concurrently_has_no_credentials,
];

const WRITERS: usize = 8;

fn concurrent_additions_get_distinct_versions(store: &Store) {
    let chat = with_key(store);
    const EACH: usize = 5;
    let added: Vec<_> = thread::scope(|scope| {
        let chat = &chat;
        let add = move |writer| {
            (0..EACH)
                .map(|number| add_named(chat, "a", &format!("{writer}-{number}")))
                .collect::<Vec<_>>()
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || add(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect()
    });
    let versions: BTreeSet<_> = added.iter().map(|credential| credential.version).collect();
    assert!(versions.into_iter().eq(1..=(WRITERS * EACH) as i32));
    let newest = added.iter().max_by_key(|credential| credential.version).expect("some");
    assert_eq!(find(&chat, "a"), Some(reveal(&chat, &newest.id)));
    let secrets: BTreeSet<_> = added.iter().map(|added| reveal(&chat, &added.id)).collect();
    assert_eq!(secrets.len(), WRITERS * EACH);
}

fn a_deletion_does_not_hide_an_earlier_version(store: &Store) {
    let chat = with_key(store);
    let new = NewCredential::new("a", "s").with_scopes(["chat"]);
    add(&chat, &new);
    thread::scope(|scope| {
        let deleting = scope.spawn(|| {
            for _ in 0..20 {
                let id = add(&chat, &new).id;
                assert!(chat.credentials().delete_credential(&id).expect("it is deleted"));
            }
        });
        while !deleting.is_finished() {
            let found = chat.credentials().find_credential("a", None, None, Some("chat"));
            assert!(found.expect("the query succeeds").is_some(), "version 1 stays");
        }
    });
}

fn a_revocation_is_final_whatever_other_calls_do(store: &Store) {
    let chat = with_key(store);
    for round in 0..10 {
        let id = add_named(&chat, &round.to_string(), "s").id;
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (chat, id) = (&chat, &id);
                scope.spawn(move || {
                    for step in 0..5 {
                        let status = match (writer, step) {
                            (0, 2) => Revoked,
                            (writer, step) if (writer + step) % 2 == 0 => Active,
                            _ => Disabled,
                        };
                        match chat.credentials().set_credential_status(id, status) {
                            Ok(is_set) => assert!(is_set),
                            refused => assert_conflict(refused, "status"),
                        }
                    }
                });
            }
        });
        let credential = get(&chat, &id).expect("it exists");
        assert_eq!(credential.status, Revoked);
        assert!(credential.revoked_at.is_some());
    }
}

fn a_provider_that_is_deleted_concurrently_has_no_credentials(store: &Store) {
    let chat = with_key(store);
    for round in 0..5 {
        create_provider(&chat, "openai");
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let chat = &chat;
                scope.spawn(move || {
                    let new = NewCredential::new(format!("{round}-{writer}"), "s");
                    let new = new.with_provider("openai");
                    match chat.credentials().add_credential(&new) {
                        Ok(added) => assert_eq!(added.version, 1),
                        refused => assert_rejected(refused, "provider"),
                    }
                });
            }
            scope.spawn(|| chat.providers().delete_provider("openai").expect("it is deleted"));
        });
        assert_eq!(number(store, "SELECT COUNT(*) FROM chat_credentials"), 0);
    }
    create_provider(&chat, "openai");
    add(&chat, &NewCredential::new("a", "s").with_provider("openai"));
}
