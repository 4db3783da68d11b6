//! Signing in with a password.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{NewUser, Secret, Timestamp};

use super::{create, create_with, signs_in, stamp, stored};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_user_signs_in_with_address_or_username_and_password,
    wrong_passwords_and_unknown_names_are_no_user,
    an_unknown_name_is_checked_against_a_hash,
    a_sign_in_is_recorded_without_changing_the_user,
    a_password_is_stored_only_as_argon2id_hash,
    a_new_password_replaces_the_old_one,
    long_passwords_count_completely,
    passwords_appear_in_no_output,
    concurrent_sign_ins_succeed,
];

fn a_user_signs_in_with_address_or_username_and_password(store: &Store) {
    let mut new = NewUser::with_email("Ada@Example.org").with_password("p\u{e4}ss \u{1f511}");
    new.username = Some("Ada".into());
    let user = store.users().create_user(&new).expect("the user is created");
    for login in ["ada@example.org", " ADA@EXAMPLE.ORG ", "ada", "ADA"] {
        let password = Secret::from("p\u{e4}ss \u{1f511}");
        let found = store.users().authenticate(login, &password).expect("the check succeeds");
        assert_eq!(found.map(|found| found.public_id).as_ref(), Some(&user.public_id), "{login}");
    }
    // The same text, typed on a system that composes characters differently.
    assert!(signs_in(store, "ada", "pa\u{308}ss \u{1f511}"));
}

fn wrong_passwords_and_unknown_names_are_no_user(store: &Store) {
    create_with(store, "ada@example.org", "secret");
    let long = "x".repeat(100_000);
    for password in ["", "Secret", "secret ", " secret", "secre", "secret\0", &long] {
        assert!(!signs_in(store, "ada@example.org", password), "{password:.20}");
    }
    for login in ["", "ada", "@", "ada@example.com", "a\0@b", "' OR 1=1 --", &long] {
        assert!(!signs_in(store, login, "secret"), "{login:.20}");
    }
    create(store, "no-password@example.org");
    assert!(!signs_in(store, "no-password@example.org", ""));
    assert!(!signs_in(store, "no-password@example.org", "secret"));
}

fn an_unknown_name_is_checked_against_a_hash(store: &Store) {
    create_with(store, "ada@example.org", "secret");
    create(store, "no-password@example.org");
    for login in [
        "ada@example.org",
        "unknown@example.org",
        "unknown",
        "no-password@example.org",
        "not an address@",
    ] {
        // The fastest of several. Other tests only lengthen it; without a hash it takes 1 ms.
        let time = |_| {
            let start = Instant::now();
            assert!(!signs_in(store, login, "wrong"));
            start.elapsed()
        };
        let fastest = (0..3).map(time).min().expect("several");
        assert!(fastest > Duration::from_millis(5), "{login}: {fastest:?}");
    }
}

fn a_sign_in_is_recorded_without_changing_the_user(store: &Store) {
    let user = create_with(store, "ada@example.org", "secret");
    let first_stamp = stamp(store, &user);
    assert!(!signs_in(store, "ada@example.org", "wrong"));
    assert_eq!(stored(store, &user).last_login_at, None);
    let before = Timestamp::now();
    let found = store.users().authenticate("ada@example.org", &Secret::from("secret"));
    let found = found.expect("the check succeeds").expect("the user");
    let last_login = found.last_login_at.expect("it was recorded");
    assert!((before..=Timestamp::now()).contains(&last_login));
    assert_eq!(found, stored(store, &user));
    assert_eq!((found.updated_at, stamp(store, &user)), (user.updated_at, first_stamp));
}

fn a_password_is_stored_only_as_argon2id_hash(store: &Store) {
    let (one, two) = (
        create_with(store, "a@example.org", "secret-word"),
        create_with(store, "b@example.org", "secret-word"),
    );
    let rows = store.raw.query("SELECT user_id, hash, scheme, pepper_id FROM user_passwords");
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let hash = row[1].as_deref().expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters");
        assert_eq!((row[2].as_deref(), row[3].as_deref()), (Some("argon2id"), None));
    }
    assert_ne!(rows[0][1], rows[1][1], "each hash has its own salt");
    for user in [one, two] {
        let row = store.raw.query(&format!("SELECT * FROM chat_users WHERE id = {}", user.id));
        assert!(row[0].iter().flatten().all(|value| !value.contains("secret-word")));
    }
}

fn a_new_password_replaces_the_old_one(store: &Store) {
    let user = create_with(store, "ada@example.org", "old");
    let set =
        |password: &str| store.users().set_password(&user.public_id, &Secret::from(password), true);
    assert!(set("new").expect("the change succeeds"));
    assert!(!signs_in(store, "ada@example.org", "old"));
    assert!(signs_in(store, "ada@example.org", "new"));
    for invalid in ["", &"x".repeat(1_025)] {
        assert_rejected(set(invalid), "password");
    }
    assert!(signs_in(store, "ada@example.org", "new"));
    let other = create(store, "b@example.org");
    let has = || store.users().has_password(&other.public_id).expect("the query succeeds");
    assert!(!has());
    let first = Secret::from("first");
    assert!(store.users().set_password(&other.public_id, &first, true).expect("it is set"));
    assert!(has() && signs_in(store, "b@example.org", "first"));
}

fn long_passwords_count_completely(store: &Store) {
    let longest = "\u{e9}".repeat(512);
    create_with(store, "ada@example.org", &longest);
    assert!(signs_in(store, "ada@example.org", &longest));
    let almost = format!("{}x", &longest[..1022]);
    assert!(!signs_in(store, "ada@example.org", &almost));
}

fn passwords_appear_in_no_output(store: &Store) {
    let new = NewUser::with_email("not an address").with_password("correct-horse");
    let error = store.users().create_user(&new).expect_err("the address is invalid");
    let user = create_with(store, "ada@example.org", "correct-horse");
    let json = serde_json::to_string(&user).expect("JSON");
    let shown = format!("{new:?} {error:?} {error} {user:?} {json} {:?}", store.users());
    assert!(!shown.contains("correct-horse") && !shown.contains("$argon2"), "{shown}");
}

fn concurrent_sign_ins_succeed(store: &Store) {
    let user = create_with(store, "ada@example.org", "secret");
    let before = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(signs_in(store, "ada@example.org", "secret")));
        }
    });
    assert!(before.elapsed() < Duration::from_secs(30));
    assert!(stored(store, &user).last_login_at.is_some());
}
