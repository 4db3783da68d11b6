//! Rows that were changed or exchanged, and keys that are missing.

use chatkeep::{Chatkeep, ErrorKind, NewCredential, Result};

use super::{KEY, OLD_KEY, add, add_named, create_provider, find, reveal, with_key, with_keys};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    exchanged_ciphertexts_are_refused_on_both_rows,
    a_row_that_is_moved_to_another_owner_is_refused,
    changed_columns_are_refused,
    an_unreadable_newest_version_is_an_error,
    a_missing_key_is_an_error_that_names_it,
    another_key_with_the_same_id_is_refused,
    a_damaged_row_does_not_affect_others,
];

/// Asserts that a credential is refused because of its content, by its id and that of its key.
#[track_caller]
fn assert_changed<T>(outcome: Result<Option<T>>, id: &str, key: &str) {
    let Err(error) = outcome else { panic!("the credential {id} must be refused") };
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Corrupt, false), "{error}");
    for part in [id, key, "was changed, or belongs to another row"] {
        assert!(error.message().contains(part), "{part}: {error}");
    }
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

fn reveals(chat: &Chatkeep, id: &str) -> Result<Option<()>> {
    chat.credentials().reveal_credential(id).map(|found| found.map(drop))
}

/// Sets the ciphertext of a credential to that of another.
fn overwrite(store: &Store, id: &str, by: &str) {
    store.raw.execute(&format!(
        "UPDATE chat_credentials SET ciphertext = (SELECT ciphertext FROM \
         (SELECT ciphertext FROM chat_credentials WHERE public_id = '{by}') AS other) \
         WHERE public_id = '{id}'"
    ));
}

fn exchanged_ciphertexts_are_refused_on_both_rows(store: &Store) {
    let chat = with_key(store);
    let one = add_named(&chat, "a", "secret one").id;
    let two = add_named(&chat, "b", "secret two").id;
    let saved = add_named(&chat, "c", "secret three").id;
    overwrite(store, &saved, &one);
    overwrite(store, &one, &two);
    overwrite(store, &two, &saved);
    for id in [&one, &two, &saved] {
        assert_changed(reveals(&chat, id), id, "2027");
    }
    let found = chat.credentials().find_credential("a", None, None, None);
    assert_changed(found, &one, "2027");
    // Back in its own row, it is valid again.
    overwrite(store, &one, &two);
    assert_eq!(reveal(&chat, &one), "secret one");
}

fn a_row_that_is_moved_to_another_owner_is_refused(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    create_provider(&chat, "mistral");
    let own = NewCredential::new("a", "secret one").with_provider("openai");
    let id = add(&chat, &own).id;
    let mistral = store.raw.scalar("SELECT id FROM chat_providers WHERE name = 'mistral'");
    let mistral = mistral.expect("an id");
    store.raw.execute(&format!("UPDATE chat_credentials SET provider_id = {mistral}"));
    let find = || chat.credentials().find_credential("a", Some("mistral"), None, None);
    assert_changed(find(), &id, "2027");
    store.raw.execute(&format!("UPDATE chat_credentials SET owner_key = 'provider:{mistral}'"));
    assert_changed(find(), &id, "2027");
    assert_changed(reveals(&chat, &id), &id, "2027");
}

fn changed_columns_are_refused(store: &Store) {
    let chat = with_key(store);
    let id = add_named(&chat, "a", "secret one").id;
    for (change, back) in [
        ("name = 'b'", "name = 'a'"),
        ("version = 7", "version = 1"),
        ("owner_key = 'user:1'", "owner_key = 'app'"),
        ("public_id = 'x'", ""),
    ] {
        store.raw.execute(&format!("UPDATE chat_credentials SET {change}"));
        let id = if back.is_empty() { "x" } else { &id };
        assert_changed(reveals(&chat, id), id, "2027");
        if !back.is_empty() {
            store.raw.execute(&format!("UPDATE chat_credentials SET {back}"));
            assert_eq!(reveal(&chat, id), "secret one", "{change}");
        }
    }
    store.raw.execute("UPDATE chat_credentials SET format = 2");
    let error = reveals(&chat, "x").expect_err("the format is unknown");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("the format 2"), "{error}");
}

fn an_unreadable_newest_version_is_an_error(store: &Store) {
    let chat = with_key(store);
    let first = add_named(&chat, "a", "secret one").id;
    let second = add_named(&chat, "a", "secret two").id;
    overwrite(store, &second, &first);
    let find = |scope| chat.credentials().find_credential("a", None, None, scope);
    assert_changed(find(None), &second, "2027");
    // The version before is found only after the damaged one is out of use.
    let disabled = chatkeep::CredentialStatus::Disabled;
    chat.credentials().set_credential_status(&second, disabled).expect("it is disabled");
    assert_eq!(super::find(&chat, "a").as_deref(), Some("secret one"));
}

fn a_missing_key_is_an_error_that_names_it(store: &Store) {
    let id = add_named(&with_keys(store, OLD_KEY), "a", "secret one").id;
    let chat = with_key(store);
    let found = chat.credentials().find_credential("a", None, None, None).map(drop);
    for outcome in [found, reveals(&chat, &id).map(drop)] {
        let error = outcome.expect_err("the key is missing");
        assert_eq!(
            (error.kind(), error.field(), error.is_retryable()),
            (ErrorKind::Configuration, Some("CHATKEEP_KEYS"), false)
        );
        assert!(error.message().contains(&id) && error.message().contains("2026"), "{error}");
    }
    assert_eq!(
        find(&with_keys(store, &format!("{KEY},{OLD_KEY}")), "a").as_deref(),
        Some("secret one")
    );
}

fn another_key_with_the_same_id_is_refused(store: &Store) {
    let id = add_named(&with_keys(store, OLD_KEY), "a", "secret one").id;
    let chat = with_keys(store, &KEY.replace("2027", "2026"));
    assert_changed(reveals(&chat, &id), &id, "2026");
}

fn a_damaged_row_does_not_affect_others(store: &Store) {
    let chat = with_key(store);
    let damaged = add_named(&chat, "a", "secret one").id;
    let sound = add_named(&chat, "b", "secret two").id;
    overwrite(store, &damaged, &sound);
    assert_eq!(reveal(&chat, &sound), "secret two");
    let page = chat.credentials().list_credentials(None, None, None, 10, None);
    assert_eq!(page.expect("nothing is decrypted").credentials.len(), 2);
    assert!(chat.credentials().delete_credential(&damaged).expect("it is deleted"));
}
