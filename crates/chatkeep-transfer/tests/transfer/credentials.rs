//! Tests of transfers of encrypted credentials.

use std::fs;
use std::time::Duration;

use chatkeep::{Chatkeep, Credential, CredentialStatus, NewCredential, NewProvider, NewUser};

use crate::every_engine::on_every_engine;
use crate::every_target::{BACKUP, on_every_target};
use crate::store::Store;

on_every_engine![credentials_are_copied_and_restored_encrypted];

const TIMEOUT: Duration = Duration::from_secs(10);
const KEY: &str = "2027:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn with_key(store: &Store) -> Chatkeep {
    let builder = Chatkeep::builder().url(store.raw.url()).pool_size(2).max_overflow(2).keys(KEY);
    builder.open().expect("the settings are valid")
}

/// Returns all credentials, newest first.
fn all(chat: &Chatkeep) -> Vec<Credential> {
    let page = chat.credentials().list_credentials(None, None, None, 10_000, None);
    page.expect("the query succeeds").credentials
}

/// Returns the secrets of all credentials, which can be decrypted only in the rows for which they
/// were encrypted.
fn secrets(chat: &Chatkeep) -> Vec<String> {
    let reveal = |credential: Credential| {
        let revealed = chat.credentials().reveal_credential(&credential.id);
        revealed.expect("it is readable").expect("it exists").secret.expose().to_owned()
    };
    all(chat).into_iter().map(reveal).collect()
}

fn fill(chat: &Chatkeep) {
    chat.providers().create_provider(&NewProvider::new("openai", "openai")).expect("it is created");
    let user = chat.users().create_user(&NewUser::with_email("ada@example.org")).expect("a user");
    let credentials = chat.credentials();
    for (number, name) in ["a", "é🎉", "\\N \t", "a "].into_iter().enumerate() {
        let new = NewCredential::new(name, format!("plain-marker \0 {number}"))
            .with_scopes(["chat", "embed"])
            .with_created_by("admin");
        let new = if number % 2 == 0 { new.with_provider("openai") } else { new };
        let new = if number > 1 { new.with_user_id(&user.public_id) } else { new };
        let added = credentials.add_credential(&new).expect("it is stored");
        credentials.cool_down_credential(&added.id, 60).expect("it cools down");
        if number == 3 {
            let revoked = CredentialStatus::Revoked;
            credentials.set_credential_status(&added.id, revoked).expect("it is revoked");
        }
    }
    credentials.add_credential(&NewCredential::new("a", "x".repeat(65_536))).expect("it is stored");
}

fn credentials_are_copied_and_restored_encrypted(store: &Store) {
    let chat = with_key(store);
    fill(&chat);
    let expected = secrets(&chat);
    chat.flush(TIMEOUT).expect("the uses are recorded");
    let before = all(store);
    assert_eq!(before.len(), 5);
    on_every_target(store, &[("chat_credentials", 5)], |target| {
        assert_eq!(all(target), before, "{}", target.engine());
        let chat = with_key(target);
        assert_eq!(secrets(&chat), expected, "{}", target.engine());
        let check = chat.credentials().check_credentials().expect("the check succeeds");
        assert_eq!((check.credentials, check.unreadable), (5, 0));
        let new = NewCredential::new("new", "s");
        chat.credentials().add_credential(&new).expect("the id is new");
        assert_eq!(all(&chat).len(), 6);
    });
    let archive = fs::read(store.path(BACKUP)).expect("a file");
    let archive = zstd::decode_all(&archive[..]).expect("an archive");
    assert!(!archive.windows(12).any(|part| part == b"plain-marker"), "it is encrypted");
}
