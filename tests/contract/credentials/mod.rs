//! Tests of encrypted credentials.

mod adding;
mod concurrency;
mod finding;
mod integrity;
mod lists;
mod owners;
mod plan;
mod rotation;
mod states;

use chatkeep::{Chatkeep, Credential, CredentialKeys, NewCredential, NewProvider, NewUser};

use crate::store::Store;

/// The bytes 0 to 31, and 128 to 159.
pub(crate) const KEY: &str = "2027:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OLD_KEY: &str = "2026:gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=";

/// Opens another handle on the database, with these keys.
pub(crate) fn with_keys(store: &Store, keys: &str) -> Chatkeep {
    let builder = Chatkeep::builder().url(store.raw.url()).pool_size(4).max_overflow(4);
    builder.keys(keys).open().expect("the settings are valid")
}

fn with_key(store: &Store) -> Chatkeep {
    with_keys(store, KEY)
}

fn add(chat: &Chatkeep, new: &NewCredential) -> Credential {
    chat.credentials().add_credential(new).expect("it is stored")
}

/// Stores a credential of the application.
fn add_named(chat: &Chatkeep, name: &str, secret: &str) -> Credential {
    add(chat, &NewCredential::new(name, secret))
}

fn get(chat: &Chatkeep, id: &str) -> Option<Credential> {
    chat.credentials().get_credential(id).expect("the query succeeds")
}

/// Returns the secret that the application finds.
fn find(chat: &Chatkeep, name: &str) -> Option<String> {
    let found = chat.credentials().find_credential(name, None, None, None);
    found.expect("the credential is readable").map(|found| found.secret.expose().to_owned())
}

fn reveal(chat: &Chatkeep, id: &str) -> String {
    let revealed = chat.credentials().reveal_credential(id).expect("the credential is readable");
    revealed.expect("the credential exists").secret.expose().to_owned()
}

fn create_provider(chat: &Chatkeep, name: &str) {
    chat.providers().create_provider(&NewProvider::new(name, "openai")).expect("it is created");
}

/// Creates a user, and returns the public id.
fn create_user(chat: &Chatkeep, name: &str) -> String {
    let new = NewUser::with_email(format!("{name}@example.org"));
    chat.users().create_user(&new).expect("the user is created").public_id
}

fn parsed(keys: &str) -> CredentialKeys {
    CredentialKeys::parse("keys", keys).expect("the keys are valid")
}
