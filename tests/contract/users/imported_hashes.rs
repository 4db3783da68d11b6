//! Hashes of passwords that another program created.

use chatkeep::{Chatkeep, ErrorKind, NewUser, PasswordScheme, Secret};

use super::{create, signs_in};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_bcrypt_hash_is_replaced_at_the_next_sign_in,
    a_flask_security_hash_is_replaced_at_the_next_sign_in,
    a_strong_argon2_hash_is_kept,
    a_weak_argon2_hash_is_replaced,
    a_wrong_password_or_an_inactive_user_replaces_nothing,
    a_flask_security_hash_is_not_checked_without_its_salt,
    a_hash_that_cannot_be_checked_is_rejected,
];

/// `password`, from the tests of pyca/bcrypt.
const BCRYPT: (&str, &str) =
    ("Kk4DQuMMfZL9o", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm");
/// Created by Flask-Security-Too 5.9.2 with the salt `salty`.
const FLASK_SECURITY: (&str, &str) =
    ("pass", "$2b$04$7ghJOpBNngXs/LzuIDL5ru0KrJmWzrrNiTtMCBrPfWJisd.ZRSF5S");
/// From the tests of the reference implementation of Argon2: 64 MiB and 2 passes, and 256 KiB.
const STRONG_ARGON2: (&str, &str) = (
    "differentpassword",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94",
);
const WEAK_ARGON2: (&str, &str) = (
    "password",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
);

fn import(chat: &Chatkeep, hash: &str, scheme: Option<PasswordScheme>) {
    let mut user = NewUser::with_email("ada@example.org");
    user.password_hash = Some(hash.into());
    user.password_scheme = scheme;
    chat.users().create_user(&user).expect("the user is created");
}

/// Returns the hash and its scheme.
fn hash(store: &Store) -> (String, String) {
    let rows = store.raw.query("SELECT hash, scheme FROM user_passwords");
    let text = |column: usize| rows[0][column].clone().expect("a value");
    (text(0), text(1))
}

fn check_is_replaced(store: &Store, password: &str, chat: &Chatkeep) {
    let signs_in = |password: &str| {
        let found = chat.users().authenticate("ada@example.org", &Secret::from(password));
        found.expect("the check succeeds").is_some()
    };
    assert!(signs_in(password));
    let (replaced, scheme) = hash(store);
    assert!(replaced.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters");
    assert_eq!(scheme, "argon2id");
    assert!(signs_in(password) && !signs_in("other"));
    assert_eq!(hash(store).0, replaced, "it is replaced once");
}

fn a_bcrypt_hash_is_replaced_at_the_next_sign_in(store: &Store) {
    import(store, BCRYPT.1, None);
    assert_eq!(hash(store), (BCRYPT.1.to_owned(), "bcrypt".to_owned()));
    check_is_replaced(store, BCRYPT.0, store);
}

fn a_flask_security_hash_is_replaced_at_the_next_sign_in(store: &Store) {
    let chat = Chatkeep::builder().url(store.raw.url()).password_salt("salty").open();
    let chat = chat.expect("the settings are valid");
    import(&chat, FLASK_SECURITY.1, Some(PasswordScheme::FlaskSecurity));
    assert_eq!(hash(store), (FLASK_SECURITY.1.to_owned(), "flask_security".to_owned()));
    check_is_replaced(store, FLASK_SECURITY.0, &chat);
    let pepper = store.raw.query("SELECT pepper_id FROM user_passwords");
    assert_eq!(pepper[0][0], None);
    // The new hash does not need the salt.
    assert!(signs_in(store, "ada@example.org", FLASK_SECURITY.0));
}

fn a_strong_argon2_hash_is_kept(store: &Store) {
    import(store, STRONG_ARGON2.1, None);
    assert!(signs_in(store, "ada@example.org", STRONG_ARGON2.0));
    assert_eq!(hash(store), (STRONG_ARGON2.1.to_owned(), "argon2id".to_owned()));
}

fn a_weak_argon2_hash_is_replaced(store: &Store) {
    import(store, WEAK_ARGON2.1, Some(PasswordScheme::Argon2id));
    check_is_replaced(store, WEAK_ARGON2.0, store);
}

fn a_wrong_password_or_an_inactive_user_replaces_nothing(store: &Store) {
    import(store, BCRYPT.1, None);
    assert!(!signs_in(store, "ada@example.org", "wrong"));
    store.raw.execute("UPDATE chat_users SET active = FALSE");
    assert!(!signs_in(store, "ada@example.org", BCRYPT.0));
    assert_eq!(hash(store).0, BCRYPT.1);
}

fn a_flask_security_hash_is_not_checked_without_its_salt(store: &Store) {
    import(store, FLASK_SECURITY.1, Some(PasswordScheme::FlaskSecurity));
    let password = Secret::from(FLASK_SECURITY.0);
    let error = store.users().authenticate("ada@example.org", &password).expect_err("no salt");
    assert_eq!((error.kind(), error.field()), (ErrorKind::Configuration, Some("PASSWORD_SALT")));
    let with = |salt: &str| {
        let chat = Chatkeep::builder().url(store.raw.url()).password_salt(salt).open();
        chat.expect("the settings are valid")
    };
    // Which salt was used is unknown, because none was set when the hash was stored.
    let other = with("other").users().authenticate("ada@example.org", &password);
    assert_eq!(other.expect("the check succeeds"), None);
    let right = with("salty").users().authenticate("ada@example.org", &password);
    assert!(right.expect("the check succeeds").is_some());
    assert!(
        !format!("{:?} {error:?}", Chatkeep::builder().password_salt("salty")).contains("salty")
    );
}

fn a_hash_that_cannot_be_checked_is_rejected(store: &Store) {
    let mut user = NewUser::with_email("ada@example.org");
    for hash in
        ["", "secret", "$1$abc$def", "$2b$31$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"]
    {
        user.password_hash = Some(hash.into());
        assert_rejected(store.users().create_user(&user), "password_hash");
    }
    user.password_hash = Some(BCRYPT.1.into());
    user.password_scheme = Some(PasswordScheme::Argon2id);
    assert_rejected(store.users().create_user(&user), "password_hash");
    user.password = Some("secret".into());
    assert_rejected(store.users().create_user(&user), "password_hash");
    (user.password, user.password_hash) = (None, None);
    assert_rejected(store.users().create_user(&user), "password_hash");
    create(store, "ada@example.org");
}
