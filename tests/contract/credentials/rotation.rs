//! Encryption of stored credentials with another key.

use std::thread;

use chatkeep::{Chatkeep, CredentialKeyCheck};
use chatkeep_core::{Role, credentials};

use super::{KEY, OLD_KEY, add_named, find, parsed, reveal, with_keys};
use crate::every_engine::on_every_engine;
use crate::store::{Store, number};

on_every_engine![
    all_credentials_are_encrypted_with_the_first_key,
    an_interrupted_rotation_is_continued,
    concurrent_rotations_encrypt_each_credential_once,
    unreadable_credentials_are_counted_and_unchanged,
    a_credential_that_changes_during_a_rotation_keeps_its_new_secret,
    a_check_reports_each_key,
];

fn both() -> String {
    format!("{KEY},{OLD_KEY}")
}

/// Stores credentials with the old key, and returns their ids.
fn fill(store: &Store, count: usize) -> Vec<String> {
    let chat = with_keys(store, OLD_KEY);
    (0..count)
        .map(|number| add_named(&chat, &format!("n{number}"), &format!("s{number}")).id)
        .collect()
}

fn of_key(store: &Store, key_id: &str) -> i64 {
    number(store, &format!("SELECT COUNT(*) FROM chat_credentials WHERE key_id = '{key_id}'"))
}

fn rotate(chat: &Chatkeep) -> (u64, u64) {
    let rotation = chat.credentials().rotate_credential_keys().expect("the rotation succeeds");
    assert_eq!(rotation.key_id, "2027");
    (rotation.rotated, rotation.unreadable)
}

fn all_credentials_are_encrypted_with_the_first_key(store: &Store) {
    // More than a batch.
    let ids = fill(store, 230);
    let chat = with_keys(store, &both());
    add_named(&chat, "new", "s");
    let before = chat.credentials().get_credential(&ids[7]).expect("the query succeeds");
    assert_eq!(rotate(&chat), (230, 0));
    assert_eq!((of_key(store, "2027"), of_key(store, "2026")), (231, 0));
    // The old key is no longer needed, and nothing else has changed.
    let chat = with_keys(store, KEY);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(reveal(&chat, id), format!("s{number}"));
    }
    let after = chat.credentials().get_credential(&ids[7]).expect("the query succeeds");
    let mut expected = before.expect("it exists");
    expected.key_id = "2027".to_owned();
    expected.last_used_at = after.as_ref().and_then(|after| after.last_used_at);
    assert_eq!(after, Some(expected));
    assert_eq!(rotate(&chat), (0, 0));
}

fn an_interrupted_rotation_is_continued(store: &Store) {
    fill(store, 10);
    let keys = parsed(&both());
    let step = store.database().with_connection(Role::Writer, |connection| {
        credentials::rotate_batch(connection, &keys, 0, 4)
    });
    assert_eq!(step.expect("the step succeeds").rotated, 4);
    assert_eq!(of_key(store, "2027"), 4);
    let chat = with_keys(store, &both());
    assert_eq!((rotate(&chat), rotate(&chat)), ((6, 0), (0, 0)));
}

fn concurrent_rotations_encrypt_each_credential_once(store: &Store) {
    let ids = fill(store, 150);
    let rotated: u64 = thread::scope(|scope| {
        let rotations: Vec<_> =
            (0..4).map(|_| scope.spawn(|| rotate(&with_keys(store, &both())).0)).collect();
        // Credentials of a process that does not have the new key yet.
        let chat = with_keys(store, OLD_KEY);
        (0..20).for_each(|number| drop(add_named(&chat, "late", &number.to_string())));
        rotations.into_iter().map(|rotation| rotation.join().expect("no panic")).sum()
    });
    let last = rotate(&with_keys(store, &both())).0;
    assert_eq!(rotated + last, 170);
    assert_eq!((of_key(store, "2027"), of_key(store, "2026")), (170, 0));
    let chat = with_keys(store, KEY);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(reveal(&chat, id), format!("s{number}"));
    }
    assert_eq!(find(&chat, "late").as_deref(), Some("19"));
}

fn unreadable_credentials_are_counted_and_unchanged(store: &Store) {
    let ids = fill(store, 3);
    store.raw.execute(&format!(
        "UPDATE chat_credentials SET name = 'changed' WHERE public_id = '{}'",
        ids[0]
    ));
    store.raw.execute(&format!(
        "UPDATE chat_credentials SET key_id = 'gone' WHERE public_id = '{}'",
        ids[1]
    ));
    let chat = with_keys(store, &both());
    assert_eq!(rotate(&chat), (1, 2));
    assert_eq!(rotate(&chat), (0, 2));
    assert_eq!((of_key(store, "2027"), of_key(store, "2026"), of_key(store, "gone")), (1, 1, 1));
    // They are as they were: undoing the changes makes them readable.
    store.raw.execute("UPDATE chat_credentials SET name = 'n0' WHERE name = 'changed'");
    store.raw.execute("UPDATE chat_credentials SET key_id = '2026' WHERE key_id = 'gone'");
    assert_eq!(rotate(&chat), (2, 0));
    assert_eq!(
        (find(&chat, "n0").as_deref(), find(&chat, "n1").as_deref()),
        (Some("s0"), Some("s1"))
    );
}

/// Rows may be replaced after a batch has read them, and before it is written.
fn a_credential_that_changes_during_a_rotation_keeps_its_new_secret(store: &Store) {
    fill(store, 40);
    let keys = both();
    thread::scope(|scope| {
        let rotation = scope.spawn(|| {
            let chat = with_keys(store, &keys);
            while of_key(store, "2026") > 0 {
                rotate(&chat);
            }
        });
        let chat = with_keys(store, &keys);
        for number in 0..40 {
            let page = chat.credentials().list_credentials(
                None,
                None,
                Some(&format!("n{number}")),
                1,
                None,
            );
            let id = &page.expect("the query succeeds").credentials[0].id;
            chat.credentials().delete_credential(id).expect("it is deleted");
            add_named(&chat, &format!("n{number}"), &format!("new{number}"));
        }
        rotation.join().expect("no panic");
    });
    let chat = with_keys(store, KEY);
    for number in 0..40 {
        assert_eq!(find(&chat, &format!("n{number}")), Some(format!("new{number}")));
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_credentials"), 40);
}

fn a_check_reports_each_key(store: &Store) {
    let ids = fill(store, 5);
    add_named(&with_keys(store, KEY), "new", "s");
    store.raw.execute(&format!(
        "UPDATE chat_credentials SET name = 'changed' WHERE public_id = '{}'",
        ids[0]
    ));
    let check = |chat: &Chatkeep| {
        let check = chat.credentials().check_credentials().expect("the check succeeds");
        let shown = |key: &CredentialKeyCheck| {
            let states = (key.present, key.current);
            (key.key_id.clone(), states, key.credentials, key.unreadable)
        };
        (check.credentials, check.unreadable, check.keys.iter().map(shown).collect::<Vec<_>>())
    };
    let key = |id: &str, states, credentials, unreadable| {
        (id.to_owned(), states, credentials, unreadable)
    };
    let (new, old) = ("2027", "2026");
    assert_eq!(
        check(&with_keys(store, &both())),
        (6, 1, vec![key(new, (true, true), 1, 0), key(old, (true, false), 5, 1)])
    );
    assert_eq!(
        check(&with_keys(store, KEY)),
        (6, 5, vec![key(new, (true, true), 1, 0), key(old, (false, false), 5, 5)])
    );
    // Without keys.
    let keys = vec![key(old, (false, false), 5, 5), key(new, (false, false), 1, 1)];
    assert_eq!(check(store), (6, 6, keys));
}
