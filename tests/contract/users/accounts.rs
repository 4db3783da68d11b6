//! Creating, changing, deactivating and deleting users.

use std::thread;

use chatkeep::{Metadata, NewUser, Secret, Timestamp, UserChanges};

use super::{create, create_with, signs_in, stamp, stored};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, metadata};

on_every_engine![
    every_field_round_trips,
    a_user_needs_an_address_a_username_or_an_identity,
    invalid_values_are_rejected_by_name,
    spellings_of_an_address_are_one_user,
    a_taken_username_or_id_is_rejected_by_name,
    concurrent_creations_of_an_address_store_one_user,
    a_failed_creation_stores_nothing,
    only_given_fields_change,
    an_empty_text_removes_a_value,
    a_new_address_is_not_confirmed,
    the_last_name_cannot_be_removed,
    a_change_to_a_taken_value_is_rejected,
    deactivation_ends_sessions_and_sign_ins,
    ended_sessions_have_another_stamp,
    an_address_is_confirmed_once_and_only_if_it_is_the_proved_one,
    a_user_is_deleted_with_everything,
    a_user_with_conversations_is_not_deleted,
    unknown_ids_are_not_errors,
];

fn every_field_round_trips(store: &Store) {
    let before = Timestamp::now();
    let new = NewUser {
        email: Some(" J\u{f6}rg@B\u{fc}ro.example ".into()),
        username: Some("J\u{f6}rg".into()),
        name: Some("J\u{f6}rg \u{1f511} 'x' \"\\%".into()),
        avatar_url: Some("https://example.org/a.png".into()),
        confirmed: true,
        metadata: Some(metadata(r#"{"plan":"pro","n":[1,2.5]}"#)),
        public_id: Some("legacy-17".into()),
        ..NewUser::default()
    };
    let created = store.users().create_user(&new).expect("the user is created");
    assert_eq!(created, stored(store, &created));
    assert_eq!(created.email.as_deref(), Some("J\u{f6}rg@B\u{fc}ro.example"));
    assert_eq!(created.public_id, "legacy-17");
    assert_eq!(created.metadata, new.metadata);
    assert!((before..=Timestamp::now()).contains(&created.created_at));
    assert_eq!(created.confirmed_at, Some(created.created_at));
    assert!(created.active && created.last_login_at.is_none());
    let users = store.users();
    for email in ["j\u{f6}rg@b\u{fc}ro.example", "JO\u{308}RG@BU\u{308}RO.EXAMPLE"] {
        let found = users.find_by_email(email).expect("the query succeeds");
        assert_eq!(found.as_ref(), Some(&created), "{email}");
    }
    let found = users.find_by_username("j\u{f6}RG ").expect("the query succeeds");
    assert_eq!(found, Some(created));
    let minimal = create(store, "a@b");
    assert_eq!(minimal, stored(store, &minimal));
    assert_eq!(minimal.public_id.len(), 36);
}

fn a_user_needs_an_address_a_username_or_an_identity(store: &Store) {
    let users = store.users();
    assert_rejected(users.create_user(&NewUser::default()), "email");
    assert!(users.create_user(&NewUser::with_username("ada")).is_ok());
    let identity = NewUser {
        identity_provider: Some("google".into()),
        identity_subject: Some("1".into()),
        ..NewUser::default()
    };
    let user = users.create_user(&identity).expect("the user is created");
    let found = users.find_by_identity("google", "1").expect("the query succeeds");
    assert_eq!(found, Some(user));
    assert_conflict(users.create_user(&identity), "identity_subject");
}

fn invalid_values_are_rejected_by_name(store: &Store) {
    let with = |change: &dyn Fn(&mut NewUser)| {
        let mut user = NewUser::with_email("a@b");
        change(&mut user);
        store.users().create_user(&user)
    };
    for email in ["", "ada", "a b@c", "@", "a@", "a\0@b"] {
        assert_rejected(store.users().create_user(&NewUser::with_email(email)), "email");
    }
    for username in ["", "a@b", "a b", "a\n b", &"x".repeat(101)] {
        assert_rejected(with(&|user| user.username = Some(username.into())), "username");
    }
    assert_rejected(with(&|user| user.name = Some("x".repeat(256))), "name");
    assert_rejected(with(&|user| user.name = Some("a\0".into())), "name");
    assert_rejected(with(&|user| user.avatar_url = Some("x".repeat(2049))), "avatar_url");
    for id in ["", "a b", &"x".repeat(65)] {
        assert_rejected(with(&|user| user.public_id = Some(id.into())), "public_id");
    }
    for password in [String::new(), "x".repeat(1025)] {
        assert_rejected(with(&|user| user.password = Some(password.as_str().into())), "password");
    }
    assert_rejected(with(&|user| user.identity_provider = Some("x".into())), "identity_subject");
    assert_rejected(with(&|user| user.identity_subject = Some("x".into())), "identity_provider");
    let mut confirmed = NewUser::with_username("ada");
    confirmed.confirmed = true;
    assert_rejected(store.users().create_user(&confirmed), "email");
    assert!(store.users().find_by_email("a@b").expect("the query succeeds").is_none());
}

fn spellings_of_an_address_are_one_user(store: &Store) {
    create(store, "Ada@Example.org");
    for twin in ["ada@example.org", "ADA@EXAMPLE.ORG", " ada@example.org "] {
        assert_conflict(store.users().create_user(&NewUser::with_email(twin)), "email");
    }
    for other in ["a.da@example.org", "ada+x@example.org", "ad\u{e0}@example.org"] {
        create(store, other);
    }
}

fn a_taken_username_or_id_is_rejected_by_name(store: &Store) {
    let mut new = NewUser::with_username("Ada");
    new.public_id = Some("Id-1".into());
    store.users().create_user(&new).expect("the user is created");
    let error = store.users().create_user(&NewUser::with_username("ada")).expect_err("taken");
    assert!(!error.to_string().to_lowercase().contains("ada"), "{error}");
    assert_conflict(store.users().create_user(&NewUser::with_username("ada")), "username");
    let mut twin = NewUser::with_email("email_key@username_key.example");
    twin.public_id = Some("Id-1".into());
    assert_conflict(store.users().create_user(&twin), "public_id");
    // Ids are compared exactly.
    twin.public_id = Some("id-1".into());
    store.users().create_user(&twin).expect("the user is created");
    assert!(store.users().get_user("ID-1").expect("the query succeeds").is_none());
}

fn concurrent_creations_of_an_address_store_one_user(store: &Store) {
    let outcomes: Vec<_> = thread::scope(|scope| {
        let create = |number: usize| {
            let email =
                if number.is_multiple_of(2) { "ada@example.org" } else { "ADA@example.org" };
            store.users().create_user(&NewUser::with_email(email))
        };
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || create(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_conflict(outcome, "email");
    }
}

fn a_failed_creation_stores_nothing(store: &Store) {
    create(store, "ada@example.org");
    let mut twin = NewUser::with_email("ada@example.org").with_password("secret");
    twin.username = Some("ada".into());
    twin.identity_provider = Some("google".into());
    twin.identity_subject = Some("1".into());
    assert_conflict(store.users().create_user(&twin), "email");
    for table in ["user_passwords", "user_identities"] {
        let count = store.raw.scalar(&format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(count.as_deref(), Some("0"), "{table}");
    }
    assert!(store.users().find_by_username("ada").expect("the query succeeds").is_none());
}

fn only_given_fields_change(store: &Store) {
    let mut new = NewUser::with_email("ada@example.org");
    new.name = Some("Ada".into());
    new.confirmed = true;
    let user = store.users().create_user(&new).expect("the user is created");
    let change = |changes: UserChanges| {
        store
            .users()
            .update_user(&user.public_id, &changes)
            .expect("the change succeeds")
            .expect("the user exists")
    };
    let named = change(UserChanges { name: Some("Ada L.".into()), ..UserChanges::default() });
    assert_eq!(named.name.as_deref(), Some("Ada L."));
    assert!(named.updated_at >= user.updated_at);
    let (mut left, mut right) = (user.clone(), named.clone());
    (left.name, left.updated_at) = (None, named.updated_at);
    right.name = None;
    assert_eq!(left, right, "the rest is unchanged");
    let plan = metadata(r#"{"plan":"pro"}"#);
    let changed = change(UserChanges {
        metadata: Some(plan.clone()),
        username: Some("Ada".into()),
        avatar_url: Some("https://example.org/a.png".into()),
        ..UserChanges::default()
    });
    assert_eq!(changed.metadata, Some(plan));
    assert_eq!(
        (changed.username.as_deref(), changed.name.as_deref()),
        (Some("Ada"), Some("Ada L."))
    );
    assert_eq!(changed, stored(store, &user));
    // A call without a change is not an error.
    let same = change(UserChanges::default());
    assert_eq!(same.name, changed.name);
    let found = store.users().find_by_username("ADA").expect("the query succeeds");
    assert_eq!(found.map(|found| found.id), Some(user.id));
}

fn an_empty_text_removes_a_value(store: &Store) {
    let mut new = NewUser::with_email("ada@example.org");
    (new.name, new.username) = (Some("Ada".into()), Some("ada".into()));
    new.metadata = Some(metadata(r#"{"a":1}"#));
    let user = store.users().create_user(&new).expect("the user is created");
    let empty = UserChanges {
        name: Some(String::new()),
        avatar_url: Some(String::new()),
        username: Some(String::new()),
        metadata: Some(metadata("{}")),
        email: None,
    };
    let changed = store.users().update_user(&user.public_id, &empty);
    let changed = changed.expect("the change succeeds").expect("the user exists");
    assert_eq!((changed.name, changed.username, changed.avatar_url), (None, None, None));
    assert_eq!(changed.metadata.as_ref().map(Metadata::as_json), Some("{}"));
    // The name is free again.
    store.users().create_user(&NewUser::with_username("ada")).expect("the name is free");
}

fn a_new_address_is_not_confirmed(store: &Store) {
    let mut new = NewUser::with_email("ada@example.org");
    new.confirmed = true;
    let user = store.users().create_user(&new).expect("the user is created");
    let change = |email: &str| {
        let changes = UserChanges { email: Some(email.into()), ..UserChanges::default() };
        let changed = store.users().update_user(&user.public_id, &changes);
        changed.expect("the change succeeds").expect("the user exists")
    };
    let respelled = change("Ada@Example.org");
    assert_eq!(
        (respelled.email.as_deref(), respelled.confirmed_at),
        (Some("Ada@Example.org"), user.confirmed_at)
    );
    assert_eq!(change("ada@example.com").confirmed_at, None);
    assert!(store.users().find_by_email("ada@example.org").expect("the query succeeds").is_none());
}

fn the_last_name_cannot_be_removed(store: &Store) {
    let user = create(store, "ada@example.org");
    let removed = UserChanges { email: Some(String::new()), ..UserChanges::default() };
    assert_conflict(store.users().update_user(&user.public_id, &removed), "email");
    store
        .users()
        .link_identity(&user.public_id, "google", "1", None)
        .expect("the identity is linked");
    let changed = store.users().update_user(&user.public_id, &removed);
    assert_eq!(changed.expect("the change succeeds").expect("the user exists").email, None);
}

fn a_change_to_a_taken_value_is_rejected(store: &Store) {
    let mut other = NewUser::with_email("grace@example.org");
    other.username = Some("grace".into());
    store.users().create_user(&other).expect("the user is created");
    let user = create(store, "ada@example.org");
    let email = UserChanges { email: Some("GRACE@example.org".into()), ..UserChanges::default() };
    assert_conflict(store.users().update_user(&user.public_id, &email), "email");
    let username = UserChanges { username: Some("Grace".into()), ..UserChanges::default() };
    assert_conflict(store.users().update_user(&user.public_id, &username), "username");
    let invalid = UserChanges { email: Some("grace".into()), ..UserChanges::default() };
    assert_rejected(store.users().update_user(&user.public_id, &invalid), "email");
    assert_eq!(stored(store, &user), user);
}

fn deactivation_ends_sessions_and_sign_ins(store: &Store) {
    let user = create_with(store, "ada@example.org", "secret");
    let first = stamp(store, &user);
    let set =
        |active| store.users().set_active(&user.public_id, active).expect("the change succeeds");
    assert!(set(true));
    assert_eq!(stamp(store, &user), first, "nothing was changed");
    assert!(set(false) && set(false));
    assert!(!signs_in(store, "ada@example.org", "secret"));
    assert!(!stored(store, &user).active);
    let second = stamp(store, &user);
    assert_ne!(second, first);
    assert!(set(true));
    assert!(signs_in(store, "ada@example.org", "secret"));
    assert_eq!(stamp(store, &user), second);
}

fn ended_sessions_have_another_stamp(store: &Store) {
    let (user, other) = (create(store, "a@example.org"), create(store, "b@example.org"));
    let (first, others) = (stamp(store, &user), stamp(store, &other));
    assert!(store.users().end_sessions(&user.public_id).expect("the change succeeds"));
    assert_ne!(stamp(store, &user), first);
    assert_eq!(stamp(store, &other), others);
    let set = |end_sessions| {
        let password = Secret::from("new password");
        let set = store.users().set_password(&user.public_id, &password, end_sessions);
        assert!(set.expect("the change succeeds"));
        stamp(store, &user)
    };
    let before = stamp(store, &user);
    assert_eq!(set(false), before);
    assert_ne!(set(true), before);
}

fn an_address_is_confirmed_once_and_only_if_it_is_the_proved_one(store: &Store) {
    let user = create(store, "ada@example.org");
    let confirm =
        |email| store.users().confirm_user(&user.public_id, email).expect("the change succeeds");
    assert!(!confirm(Some("old@example.org")) && !confirm(Some("not an address")));
    assert_eq!(stored(store, &user).confirmed_at, None);
    assert!(confirm(Some("ADA@example.org")));
    let confirmed_at = stored(store, &user).confirmed_at;
    assert!(confirmed_at.is_some());
    assert!(confirm(None));
    assert_eq!(stored(store, &user).confirmed_at, confirmed_at);
    let nameless = store.users().create_user(&NewUser::with_username("x")).expect("created");
    assert!(!store.users().confirm_user(&nameless.public_id, None).expect("no address"));
}

fn a_user_is_deleted_with_everything(store: &Store) {
    let users = store.users();
    let user = create_with(store, "ada@example.org", "secret");
    let id = user.public_id.as_str();
    users.link_identity(id, "google", "1", None).expect("the identity is linked");
    users.grant_role(id, "admin", None, None).expect("the role is granted");
    assert!(users.delete_user(id).expect("the user is deleted"));
    assert!(!users.delete_user(id).expect("there is no such user"));
    for table in ["chat_users", "user_passwords", "user_identities", "user_roles"] {
        let count = store.raw.scalar(&format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(count.as_deref(), Some("0"), "{table}");
    }
    assert!(!signs_in(store, "ada@example.org", "secret"));
    // A new user with the address does not get the old one's rights.
    let next = create(store, "ada@example.org");
    assert!(next.id > user.id && next.confirmed_at.is_none());
    assert!(!users.has_role(&next.public_id, "admin").expect("the query succeeds"));
    assert!(!users.has_password(&next.public_id).expect("the query succeeds"));
}

fn a_user_with_conversations_is_not_deleted(store: &Store) {
    let user = create(store, "ada@example.org");
    store.raw.execute(&format!(
        "INSERT INTO chat_conversations (public_id, user_id, created_at, last_message_at) \
         VALUES ('c1', {}, '2024-01-01 00:00:00.000000', '2024-01-01 00:00:00.000000')",
        user.id
    ));
    assert_conflict(store.users().delete_user(&user.public_id), "user_id");
    assert_eq!(stored(store, &user), user);
    store.raw.execute("DELETE FROM chat_conversations");
    assert!(store.users().delete_user(&user.public_id).expect("the user is deleted"));
}

fn unknown_ids_are_not_errors(store: &Store) {
    let users = store.users();
    let long = "x".repeat(1_000);
    let password = Secret::from("secret");
    let changes = UserChanges { name: Some("x".into()), ..UserChanges::default() };
    for id in ["", "unknown", "a\0b", "'; --", &long, "\u{1f511}"] {
        assert_eq!(users.get_user(id).expect("the query succeeds"), None);
        assert_eq!(users.update_user(id, &changes).expect("the call succeeds"), None);
        assert!(!users.set_password(id, &password, true).expect("the call succeeds"));
        assert!(!users.has_password(id).expect("the call succeeds"));
        assert!(!users.set_active(id, false).expect("the call succeeds"));
        assert!(!users.end_sessions(id).expect("the call succeeds"));
        assert!(!users.confirm_user(id, None).expect("the call succeeds"));
        assert!(!users.delete_user(id).expect("the call succeeds"));
        assert!(!users.unlink_identity(id, "google", "1").expect("the call succeeds"));
        assert!(!users.revoke_role(id, "admin").expect("the call succeeds"));
        assert!(!users.has_role(id, "admin").expect("the call succeeds"));
        assert!(users.list_roles(id).expect("the call succeeds").is_empty());
        assert!(users.list_identities(id).expect("the call succeeds").is_empty());
        assert_rejected(users.link_identity(id, "google", "1", None), "user_id");
        assert_rejected(users.grant_role(id, "admin", None, None), "user_id");
    }
    for text in ["", "ada", "@", "a\0@b", &long] {
        assert_eq!(users.find_by_email(text).expect("the query succeeds"), None);
        assert_eq!(users.find_by_username(text).expect("the query succeeds"), None);
    }
}
