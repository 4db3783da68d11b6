//! Accounts of users at other providers.

use std::thread;

use chatkeep::{NewUser, Secret, UserChanges};

use super::{create, create_with, signs_in, stored};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected};

on_every_engine![
    a_linked_identity_finds_its_user,
    an_identity_belongs_to_one_user,
    linking_again_updates_the_address,
    an_inactive_user_does_not_sign_in_with_an_identity,
    the_last_way_to_sign_in_is_kept,
    a_password_without_a_name_is_no_way_to_sign_in,
    concurrent_unlinks_keep_one_identity,
    concurrent_links_give_the_identity_to_one_user,
    invalid_identities_are_rejected_by_name,
];

fn a_linked_identity_finds_its_user(store: &Store) {
    let users = store.users();
    let user = create(store, "ada@example.org");
    let id = user.public_id.as_str();
    let linked = users.link_identity(id, "google", "sub-1", Some("ada@gmail.example"));
    let linked = linked.expect("the identity is linked");
    assert_eq!(
        (linked.provider.as_str(), linked.subject.as_str(), linked.email.as_deref()),
        ("google", "sub-1", Some("ada@gmail.example"))
    );
    assert_eq!(linked.last_used_at, None);
    let found = users.find_by_identity("google", "sub-1").expect("the query succeeds");
    assert_eq!(found.map(|found| found.id), Some(user.id));
    // Names and ids of providers are compared exactly.
    for (provider, subject) in [("Google", "sub-1"), ("google", "SUB-1"), ("google", "sub-1 ")] {
        let found = users.find_by_identity(provider, subject).expect("the query succeeds");
        assert_eq!(found, None, "{provider} {subject}");
    }
    let signed_in = users.authenticate_identity("google", "sub-1").expect("the check succeeds");
    let signed_in = signed_in.expect("the user");
    assert!(signed_in.last_login_at.is_some());
    assert_eq!(signed_in, stored(store, &user));
    users.link_identity(id, "github", "7", None).expect("the identity is linked");
    let list = users.list_identities(id).expect("the query succeeds");
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].last_used_at, signed_in.last_login_at);
    assert_eq!((list[1].provider.as_str(), list[1].last_used_at), ("github", None));
}

fn an_identity_belongs_to_one_user(store: &Store) {
    let (one, two) = (create(store, "a@example.org"), create(store, "b@example.org"));
    let link = |user: &str| store.users().link_identity(user, "google", "1", None);
    link(&one.public_id).expect("the identity is linked");
    assert_conflict(link(&two.public_id), "subject");
    let mut third = NewUser::with_email("c@example.org");
    third.identity_provider = Some("google".into());
    third.identity_subject = Some("1".into());
    assert_conflict(store.users().create_user(&third), "identity_subject");
    assert!(store.users().find_by_email("c@example.org").expect("the query succeeds").is_none());
}

fn linking_again_updates_the_address(store: &Store) {
    let user = create(store, "ada@example.org");
    let link = |email| {
        let linked = store.users().link_identity(&user.public_id, "google", "1", email);
        linked.expect("the identity is linked")
    };
    let first = link(Some("old@example.org"));
    let second = link(Some("new@example.org"));
    assert_eq!((second.id, second.linked_at), (first.id, first.linked_at));
    assert_eq!(second.email.as_deref(), Some("new@example.org"));
    assert_eq!(link(None), second);
}

fn an_inactive_user_does_not_sign_in_with_an_identity(store: &Store) {
    let users = store.users();
    let user = create(store, "ada@example.org");
    users.link_identity(&user.public_id, "google", "1", None).expect("it is linked");
    assert!(users.set_active(&user.public_id, false).expect("the change succeeds"));
    assert_eq!(users.authenticate_identity("google", "1").expect("the check succeeds"), None);
    assert_eq!(users.authenticate_identity("google", "2").expect("the check succeeds"), None);
    assert_eq!(stored(store, &user).last_login_at, None);
    assert!(users.find_by_identity("google", "1").expect("the query succeeds").is_some());
}

fn the_last_way_to_sign_in_is_kept(store: &Store) {
    let users = store.users();
    let user = create(store, "ada@example.org");
    let id = user.public_id.as_str();
    users.link_identity(id, "google", "1", None).expect("it is linked");
    let unlink = |provider, subject| users.unlink_identity(id, provider, subject);
    assert_conflict(unlink("google", "1"), "subject");
    users.link_identity(id, "github", "2", None).expect("it is linked");
    assert!(unlink("google", "1").expect("another one remains"));
    assert!(!unlink("google", "1").expect("it was removed"));
    assert_conflict(unlink("github", "2"), "subject");
    let password = Secret::from("secret");
    assert!(users.set_password(id, &password, true).expect("the password is set"));
    assert!(unlink("github", "2").expect("the password remains"));
    // An identity of another user is not removed.
    let other = create_with(store, "b@example.org", "secret");
    users.link_identity(&other.public_id, "google", "3", None).expect("it is linked");
    assert!(!unlink("google", "3").expect("it belongs to another user"));
    assert_eq!(users.list_identities(&other.public_id).expect("the query succeeds").len(), 1);
}

fn a_password_without_a_name_is_no_way_to_sign_in(store: &Store) {
    let users = store.users();
    let new = NewUser {
        identity_provider: Some("google".into()),
        identity_subject: Some("1".into()),
        ..NewUser::default()
    };
    let user = users.create_user(&new.with_password("secret")).expect("the user is created");
    let unlink = || users.unlink_identity(&user.public_id, "google", "1");
    assert_conflict(unlink(), "subject");
    let username = UserChanges { username: Some("ada".into()), ..UserChanges::default() };
    users.update_user(&user.public_id, &username).expect("the name is set");
    assert!(unlink().expect("the username and the password remain"));
    assert!(signs_in(store, "ada", "secret"));
}

fn concurrent_unlinks_keep_one_identity(store: &Store) {
    let users = store.users();
    for round in 0..5 {
        let user = create(store, &format!("{round}@example.org"));
        let subjects = ["a", "b"].map(|name| format!("{name}{round}"));
        for subject in &subjects {
            users.link_identity(&user.public_id, "google", subject, None).expect("it is linked");
        }
        let unlinked = thread::scope(|scope| {
            let unlink = |subject: &str| {
                let (id, subject) = (user.public_id.clone(), subject.to_owned());
                scope.spawn(move || users.unlink_identity(&id, "google", &subject))
            };
            let threads: Vec<_> = subjects.iter().map(|subject| unlink(subject)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .filter(|unlinked| matches!(unlinked, Ok(true)))
                .count()
        });
        assert_eq!(unlinked, 1);
        let left = users.list_identities(&user.public_id).expect("the query succeeds");
        assert_eq!(left.len(), 1);
    }
}

fn concurrent_links_give_the_identity_to_one_user(store: &Store) {
    let users: Vec<_> =
        (0..4).map(|number| create(store, &format!("{number}@example.org"))).collect();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let link = |user: &chatkeep::User| {
            let id = user.public_id.clone();
            scope.spawn(move || store.users().link_identity(&id, "google", "1", None))
        };
        let threads: Vec<_> = users.iter().map(link).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_conflict(outcome, "subject");
    }
}

fn invalid_identities_are_rejected_by_name(store: &Store) {
    let user = create(store, "ada@example.org");
    let too_long = "x".repeat(256);
    let link = |provider: &str, subject: &str, email| {
        store.users().link_identity(&user.public_id, provider, subject, email)
    };
    for provider in ["", "a\n", &"x".repeat(51)] {
        assert_rejected(link(provider, "1", None), "provider");
    }
    for subject in ["", "a\0", &"x".repeat(256)] {
        assert_rejected(link("google", subject, None), "subject");
    }
    assert_rejected(link("google", "1", Some(&too_long)), "email");
    link(&"\u{1f511}".repeat(50), &"\u{e9}".repeat(255), None).expect("the longest ones fit");
}
