//! Pages of credentials.

use chatkeep::{Credential, NewCredential};

use super::{add, create_provider, create_user, with_key};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    pages_have_each_credential_once_newest_first,
    filters_are_combined,
    large_rows_make_shorter_pages,
    invalid_limits_cursors_and_names_are_refused,
];

type Filter<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// Returns all credentials that match, as a caller with pages of this size reads them.
fn all(store: &Store, (provider, user_id, name): Filter<'_>, limit: i64) -> Vec<Credential> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let credentials = store.credentials();
        let page = credentials.list_credentials(provider, user_id, name, limit, cursor.as_deref());
        let page = page.expect("the query succeeds");
        assert!(page.credentials.len() as i64 <= limit);
        found.extend(page.credentials);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return found;
        }
    }
}

fn pages_have_each_credential_once_newest_first(store: &Store) {
    let chat = with_key(store);
    let mut added: Vec<_> = (0..7)
        .map(|number| add(&chat, &NewCredential::new(format!("n{}", number % 3), "secret-0123456")))
        .collect();
    added.reverse();
    for limit in [1, 2, 3, 7, 8, 10_000] {
        // Without keys: nothing is decrypted.
        assert_eq!(all(store, (None, None, None), limit), added, "{limit}");
    }
    let page = store.credentials().list_credentials(None, None, None, 2, None);
    let page = page.expect("the query succeeds");
    let last = &page.credentials[1].id;
    chat.credentials().delete_credential(last).expect("it is deleted");
    add(&chat, &NewCredential::new("new", "s"));
    let cursor = page.next_cursor.as_deref();
    let next = store.credentials().list_credentials(None, None, None, 10, cursor);
    assert_eq!(next.expect("the query succeeds").credentials, added[2..], "it is not shifted");
}

fn filters_are_combined(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    create_provider(&chat, "mistral");
    let (ada, bob) = (create_user(&chat, "ada"), create_user(&chat, "bob"));
    let mut added = Vec::new();
    for provider in [None, Some("openai"), Some("mistral")] {
        for user in [None, Some(&ada)] {
            for name in ["a", "b", "A"] {
                let new = NewCredential {
                    provider: provider.map(str::to_owned),
                    user_id: user.cloned(),
                    ..NewCredential::new(name, "s")
                };
                added.push(add(&chat, &new));
            }
        }
    }
    added.reverse();
    for provider in [None, Some("openai")] {
        for user in [None, Some(ada.as_str())] {
            for name in [None, Some("a")] {
                let matches = |credential: &&Credential| {
                    provider.is_none_or(|name| credential.provider.as_deref() == Some(name))
                        && user.is_none_or(|id| credential.user_id.as_deref() == Some(id))
                        && name.is_none_or(|name| credential.name == name)
                };
                let expected: Vec<_> = added.iter().filter(matches).cloned().collect();
                assert_eq!(all(store, (provider, user, name), 2), expected);
            }
        }
    }
    for none in [
        (None, Some(bob.as_str()), None),
        (Some("unknown"), None, None),
        (None, Some("unknown"), None),
        (None, Some("a\0"), None),
        (None, None, Some("c")),
    ] {
        assert_eq!(all(store, none, 10), [], "{none:?}");
    }
}

fn large_rows_make_shorter_pages(store: &Store) {
    let chat = with_key(store);
    let scopes: Vec<_> = (0..100).map(|number| format!("{number:0>100}")).collect();
    let first = add(&chat, &NewCredential::new("a", "s").with_scopes(&scopes));
    assert_eq!(first.scopes, scopes);
    // 600 rows of 10 KB exceed a page of 4 MiB.
    let scopes = scopes.join(" ");
    for start in [0, 200, 400] {
        let row = |number: i32| {
            format!(
                "('p{number}', 'app', 'n{number}', 1, 'x', 'k', 1, 'active', '{scopes}', \
                 '2024-01-01 00:00:00.000000')"
            )
        };
        let rows: Vec<_> = (start..start + 200).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_credentials (public_id, owner_key, name, version, ciphertext, \
             key_id, format, status, scopes, created_at) VALUES {}",
            rows.join(", ")
        ));
    }
    let page = store.credentials().list_credentials(None, None, None, 10_000, None);
    let page = page.expect("the query succeeds");
    assert!(page.credentials.len() < 601 && page.next_cursor.is_some());
    assert_eq!(all(store, (None, None, None), 10_000).len(), 601);
}

fn invalid_limits_cursors_and_names_are_refused(store: &Store) {
    let list =
        |name, limit, cursor| store.credentials().list_credentials(None, None, name, limit, cursor);
    for limit in [0, -1, 10_001, i64::MIN] {
        assert_rejected(list(None, limit, None), "limit");
    }
    for cursor in ["", "x", "AQ"] {
        assert_rejected(list(None, 1, Some(cursor)), "cursor");
    }
    for name in ["", "a\0", &"x".repeat(101)] {
        assert_rejected(list(Some(name), 1, None), "name");
    }
    let provider = store.credentials().list_credentials(Some("A"), None, None, 1, None);
    assert_rejected(provider, "provider");
}
