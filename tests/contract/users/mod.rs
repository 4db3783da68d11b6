//! Tests of the users.

mod accounts;
mod authentication;
mod identities;
mod imported_hashes;
mod listing;
mod one_time_secrets;
mod personal_data;
mod personal_rows;
mod roles;

use chatkeep::{NewUser, Secret, User};

use crate::store::Store;

/// Creates a user with this address.
fn create(store: &Store, email: &str) -> User {
    store.users().create_user(&NewUser::with_email(email)).expect("the user is created")
}

/// Creates a user with this address and password.
fn create_with(store: &Store, email: &str, password: &str) -> User {
    let new = NewUser::with_email(email).with_password(password);
    store.users().create_user(&new).expect("the user is created")
}

/// Returns whether the sign-in succeeds.
fn signs_in(store: &Store, login: &str, password: &str) -> bool {
    let found = store.users().authenticate(login, &Secret::from(password));
    found.expect("the check succeeds").is_some()
}

/// Returns the user as it is stored.
fn stored(store: &Store, user: &User) -> User {
    store.users().get_user(&user.public_id).expect("the query succeeds").expect("the user exists")
}

/// Returns the stamp by which sessions are valid.
fn stamp(store: &Store, user: &User) -> String {
    store
        .raw
        .scalar(&format!("SELECT stamp FROM chat_users WHERE id = {}", user.id))
        .expect("a stamp")
}
