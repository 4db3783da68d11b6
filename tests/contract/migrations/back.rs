//! Taking migrations back.

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_core::migrations::all;

use super::folder::{EMAIL, Folder, SPECIAL, USERS, assert_all_was_run, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

const ADDED: (&str, &str, &str) = (
    "20270104000000_add_age",
    "ALTER TABLE users ADD COLUMN age INTEGER NULL",
    "UPDATE users SET age = NULL;\nALTER TABLE users DROP COLUMN age",
);

on_every_engine![
    the_newest_are_taken_back_first_and_can_be_run_again,
    everything_of_chatkeeps_can_be_taken_back,
    there_is_no_way_back_over_a_migration_without_one,
    chatkeeps_are_not_taken_away_under_an_application,
];

fn with_application(store: &Store) -> Folder {
    let folder = Folder::of_an_application(store.engine());
    folder.add(ADDED.0, ADDED.1, ADDED.2);
    folder.on(store).upgrade("head").expect("all are run");
    folder
}

fn the_newest_are_taken_back_first_and_can_be_run_again(store: &Store) {
    let folder = with_application(store);
    let migrations = folder.on(store);
    assert_eq!(
        migrations.downgrade("-1").expect("one is taken back"),
        [format!("app:{}", ADDED.0)]
    );
    assert!(store.raw.try_execute("SELECT age FROM users").is_err(), "the column is gone");
    assert_eq!(
        migrations.downgrade("add_email").expect("one is taken back"),
        [format!("app:{SPECIAL}")]
    );
    assert_eq!(migrations.downgrade("add_email").expect("nothing to do"), <[String; 0]>::default());
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    store.raw.execute("DELETE FROM users WHERE id = 3");
    assert_eq!(migrations.upgrade("head").expect("both are run again").len(), 2);
    assert_all_was_run(store);
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    for (to, said) in [
        ("head", "lies ahead"),
        ("-0", "no number"),
        ("-x", "no number"),
        ("nonsense", "no migration"),
    ] {
        let error = migrations.downgrade(to).expect_err("that is no way back");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("revision")),
            "{to}"
        );
        assert!(error.message().contains(said), "{error}");
    }
}

fn everything_of_chatkeeps_can_be_taken_back(store: &Store) {
    store.round_trip(&NewMessage::new("a"));
    let migrations = store.database().migrations();
    let titles: Vec<_> =
        all(store.database().engine()).iter().rev().map(|migration| migration.title()).collect();
    assert_eq!(migrations.downgrade("-2").expect("two are taken back"), titles[..2]);
    assert_eq!(migrations.downgrade("base").expect("the rest is taken back"), titles[2..]);
    assert_eq!(migrations.downgrade("base").expect("nothing to do"), <[String; 0]>::default());
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "the table is gone");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM chatkeep_migrations").as_deref(), Some("0"));
    let error = migrations.downgrade("create_messages").expect_err("it was not run");
    assert!(error.message().contains("was not run"), "{error}");
}

fn there_is_no_way_back_over_a_migration_without_one(store: &Store) {
    let folder = with_application(store);
    let before = store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version");
    for to in ["-3", "base", USERS.0] {
        let error = folder.on(store).downgrade(to).expect_err("there is no way back");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.message().contains(&format!("app:{}/down.sql", EMAIL.0)), "{error}");
    }
    assert_eq!(
        store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version"),
        before
    );
    assert_all_was_run(store);
}

fn chatkeeps_are_not_taken_away_under_an_application(store: &Store) {
    let folder = with_application(store);
    for migrations in [folder.on(store), store.database().migrations()] {
        let error =
            migrations.downgrade("create_messages").expect_err("the application was run later");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("revision")),
            "{error}"
        );
        assert!(error.message().contains(USERS.0), "{error}");
    }
    assert_eq!(store.count(), 0, "the table is there");
}
