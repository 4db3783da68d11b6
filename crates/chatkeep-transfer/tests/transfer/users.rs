//! Tests of copies and backups of users.

use std::fs::File;
use std::time::Duration;

use chatkeep::{Metadata, NewUser, Secret, Timestamp, UserFilter};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, backup, copy, restore};

use crate::every_engine::on_every_engine;
use crate::store::{Store, other, url};

on_every_engine![users_are_copied_to_every_engine, users_are_restored_into_every_engine,];

const TIMEOUT: Duration = Duration::from_secs(10);
const FAR: &str = "9999-01-01T00:00:00Z";

/// Stores users with everything that belongs to them. Returns a one-time secret.
fn fill(store: &Store) -> Secret {
    let users = store.users();
    let mut ada = NewUser::with_email("J\u{f6}rg@B\u{fc}ro.example").with_password("secret");
    (ada.username, ada.name) = (Some("Ada".into()), Some("tab\t, \\N \u{1f511}".into()));
    ada.metadata = Some(Metadata::parse(r#"{"f":5e18,"n":[1,{"a":null}]}"#).expect("JSON"));
    ada.confirmed = true;
    ada.public_id = Some("user-1".into());
    users.create_user(&ada).expect("the user is created");
    let mut grace = NewUser::with_username("grace");
    grace.password_hash =
        Some("$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm".into());
    users.create_user(&grace).expect("the user is created");
    users.link_identity("user-1", "google", "1", Some("x@y")).expect("it is linked");
    let far = Timestamp::parse(FAR).expect("a timestamp");
    users.grant_role("user-1", "admin", Some(far), Some("root")).expect("granted");
    users.grant_role("user-1", "writer", None, None).expect("granted");
    let secret = users.create_one_time_secret("reset", "user-1", 3_600).expect("created");
    // The target does not reuse the greatest id.
    let last = users.create_user(&NewUser::with_username("last")).expect("the user is created");
    assert!(users.delete_user(&last.public_id).expect("the user is deleted"));
    Secret::from(secret.secret.expose())
}

fn assert_same(one: &Store, other: &Store, secret: &Secret) {
    let list = |store: &Store| {
        let page = store.users().list_users(&UserFilter::default(), 100, None);
        page.expect("the query succeeds").users
    };
    let all = list(one);
    assert_eq!((list(other), all.len()), (all.clone(), 2));
    let users = other.users();
    assert_eq!(
        users.list_identities("user-1").expect("the query succeeds"),
        one.users().list_identities("user-1").expect("the query succeeds")
    );
    let roles = users.list_roles("user-1").expect("the query succeeds");
    assert_eq!(roles, one.users().list_roles("user-1").expect("the query succeeds"));
    assert_eq!(roles.len(), 2);
    let subject = users.consume_one_time_secret(secret, "reset").expect("the call succeeds");
    assert_eq!(subject.as_deref(), Some("user-1"));
    for (login, password) in [("j\u{f6}rg@b\u{fc}ro.example", "secret"), ("grace", "Kk4DQuMMfZL9o")]
    {
        let found = users.authenticate(login, &Secret::from(password));
        assert!(found.expect("the check succeeds").is_some(), "{login}");
    }
    let next = users.create_user(&NewUser::with_username("next")).expect("the user is created");
    assert!(next.id > all[0].id + 1);
}

fn users_are_copied_to_every_engine(store: &Store) {
    let secret = fill(store);
    for engine in Engine::available() {
        let target = other(engine);
        let (from, to) = (url(store.raw.url()), url(target.raw.url()));
        let report = copy(&from, &to, CopyOptions::default(), &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("to {engine}: {error:?}"));
        assert!(report.comparison.equal);
        assert_same(store, &target, &secret);
    }
}

fn users_are_restored_into_every_engine(store: &Store) {
    let secret = fill(store);
    let file = store.path("chat.tar.zst");
    backup(store, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    for engine in Engine::available() {
        let target = other(engine);
        let report = restore(&url(target.raw.url()), &file, TIMEOUT, &mut |_| {});
        report.unwrap_or_else(|error| panic!("into {engine}: {error:?}"));
        assert_same(store, &target, &secret);
    }
}
