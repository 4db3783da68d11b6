//! Owners of credentials: isolation, deletion and personal data.

use chatkeep::{CredentialStatus, NewCredential};

use super::{add, create_provider, create_user, get, with_key};
use crate::every_engine::on_every_engine;
use crate::store::{Store, number};

on_every_engine![
    owners_never_find_the_credentials_of_others,
    credentials_are_deleted_with_their_provider_or_user,
    a_provider_with_the_name_of_a_deleted_one_has_no_credentials,
    an_erased_user_has_no_credentials_and_added_none,
];

/// The owners, each with a provider, a user, or none.
fn owners(users: &[String; 2]) -> Vec<(Option<&str>, Option<&str>)> {
    let users = [None, Some(users[0].as_str()), Some(users[1].as_str())];
    let providers = [None, Some("openai"), Some("mistral")];
    providers.into_iter().flat_map(|provider| users.map(|user| (provider, user))).collect()
}

fn credential(owner: (Option<&str>, Option<&str>)) -> NewCredential {
    let new = NewCredential::new("a", format!("{owner:?}"));
    NewCredential {
        provider: owner.0.map(str::to_owned),
        user_id: owner.1.map(str::to_owned),
        ..new
    }
}

fn owners_never_find_the_credentials_of_others(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    create_provider(&chat, "mistral");
    let users = ["ada", "bob"].map(|name| create_user(&chat, name));
    let find = |(provider, user)| {
        let found = chat.credentials().find_credential("a", provider, user, None);
        found.expect("the query succeeds")
    };
    for owner in owners(&users) {
        assert!(find(owner).is_none(), "{owner:?}");
        assert_eq!(add(&chat, &credential(owner)).version, 1);
    }
    for owner in owners(&users) {
        let found = find(owner).expect("it exists");
        assert_eq!(found.secret.expose(), format!("{owner:?}"));
        let credential = found.credential;
        assert_eq!((credential.provider.as_deref(), credential.user_id.as_deref()), owner);
        assert_eq!(get(&chat, &credential.id).map(|found| found.id), Some(credential.id.clone()));
        let status = chat.credentials();
        let set = status.set_credential_status(&credential.id, CredentialStatus::Revoked);
        assert!(set.expect("it is revoked"));
        assert!(find(owner).is_none(), "no other owner's credential takes its place");
    }
}

fn credentials_are_deleted_with_their_provider_or_user(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    create_provider(&chat, "mistral");
    let users = ["ada", "bob"].map(|name| create_user(&chat, name));
    for owner in owners(&users) {
        add(&chat, &credential(owner));
    }
    let count = || number(store, "SELECT COUNT(*) FROM chat_credentials");
    assert!(chat.providers().delete_provider("openai").expect("it is deleted"));
    assert_eq!(count(), 6);
    assert!(chat.users().delete_user(&users[0]).expect("it is deleted"));
    assert_eq!(count(), 4);
    let left = "SELECT COUNT(*) FROM chat_credentials WHERE owner_key = 'app'";
    assert_eq!(number(store, left), 1);
}

fn a_provider_with_the_name_of_a_deleted_one_has_no_credentials(store: &Store) {
    let chat = with_key(store);
    create_provider(&chat, "openai");
    add(&chat, &NewCredential::new("a", "old").with_provider("openai"));
    chat.providers().delete_provider("openai").expect("it is deleted");
    create_provider(&chat, "openai");
    let find = || chat.credentials().find_credential("a", Some("openai"), None, None);
    assert!(find().expect("the query succeeds").is_none());
    add(&chat, &NewCredential::new("a", "new").with_provider("openai"));
    assert_eq!(find().expect("the query succeeds").expect("it exists").secret.expose(), "new");
}

fn an_erased_user_has_no_credentials_and_added_none(store: &Store) {
    let chat = with_key(store);
    let (ada, bob) = (create_user(&chat, "ada"), create_user(&chat, "bob"));
    let secret = "sk-0123456789-of-ada";
    let own = add(&chat, &NewCredential::new("a", secret).with_user_id(&ada));
    let of_bob = NewCredential::new("a", "s").with_user_id(&bob).with_created_by(&ada);
    let of_bob = add(&chat, &of_bob);
    let by_email = NewCredential::new("b", "s").with_created_by("ada@example.org");
    let by_email = add(&chat, &by_email);

    let page = chat.users().export_user(&ada, 100, None).expect("the query succeeds");
    let lines = page.expect("the user exists").lines;
    let exported: Vec<_> =
        lines.iter().filter(|line| line.contains(r#""table":"chat_credentials""#)).collect();
    assert_eq!(exported.len(), 1, "{lines:?}");
    assert!(exported[0].contains(&own.id) && exported[0].contains(r#""hint":"-ada""#));
    assert!(!exported[0].contains("ciphertext") && !exported[0].contains(secret));

    let erased = chat.users().erase_user(&ada).expect("the erasure succeeds").expect("a user");
    assert_eq!(erased.deleted.get("chat_credentials"), Some(&1));
    assert_eq!(erased.scrubbed.get("chat_credentials"), Some(&2));
    assert_eq!(get(&chat, &own.id), None);
    for left in [of_bob, by_email] {
        assert_eq!(get(&chat, &left.id).expect("it remains").created_by, None);
        assert_eq!(super::reveal(&chat, &left.id), "s");
    }
}
