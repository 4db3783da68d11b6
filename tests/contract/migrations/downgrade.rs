//! Reverting migrations.

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_core::migrations::all;

use super::folder::{EMAIL, Folder, SPECIAL, USERS, assert_all_applied, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

const ADDED: (&str, &str, &str) = (
    "20270104000000_add_age",
    "ALTER TABLE users ADD COLUMN age INTEGER NULL",
    "UPDATE users SET age = NULL;\nALTER TABLE users DROP COLUMN age",
);

on_every_engine![run_empty =>
    downgrade_reverts_the_newest_first_and_upgrade_reapplies,
    all_chatkeep_migrations_can_be_reverted,
    a_migration_without_a_down_script_blocks_a_downgrade,
    chatkeep_migrations_are_not_reverted_below_an_application,
];

fn with_application(store: &Store) -> Folder {
    let folder = Folder::of_an_application(store.engine());
    folder.add(ADDED.0, ADDED.1, ADDED.2);
    folder.on(store).upgrade("head").expect("all migrations run");
    folder
}

fn downgrade_reverts_the_newest_first_and_upgrade_reapplies(store: &Store) {
    let folder = with_application(store);
    let migrations = folder.on(store);
    assert_eq!(
        migrations.downgrade("-1").expect("one migration is reverted"),
        [format!("app:{}", ADDED.0)]
    );
    assert!(store.raw.try_execute("SELECT age FROM users").is_err(), "the column is dropped");
    assert_eq!(
        migrations.downgrade("add_email").expect("one migration is reverted"),
        [format!("app:{SPECIAL}")]
    );
    assert_eq!(
        migrations.downgrade("add_email").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    store.raw.execute("DELETE FROM users WHERE id = 3");
    assert_eq!(migrations.upgrade("head").expect("both migrations run again").len(), 2);
    assert_all_applied(store);
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    for (to, expected) in [
        ("head", "a downgrade to head"),
        ("-0", "not a number"),
        ("-x", "not a number"),
        ("nonsense", "no migration"),
    ] {
        let error = migrations.downgrade(to).expect_err("the revision is not earlier");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("revision")),
            "{to}"
        );
        assert!(error.message().contains(expected), "{error}");
    }
}

fn all_chatkeep_migrations_can_be_reverted(store: &Store) {
    store.round_trip(&NewMessage::new("a"));
    let migrations = store.database().migrations();
    let titles: Vec<_> =
        all(store.database().engine()).iter().rev().map(|migration| migration.title()).collect();
    assert_eq!(migrations.downgrade("-2").expect("two migrations are reverted"), titles[..2]);
    assert_eq!(
        migrations.downgrade("base").expect("the remaining migrations are reverted"),
        titles[2..]
    );
    assert_eq!(
        migrations.downgrade("base").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "the table is dropped");
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM chatkeep_migrations").as_deref(), Some("0"));
    let error = migrations.downgrade("create_messages").expect_err("the migration is not applied");
    assert!(error.message().contains("was not run"), "{error}");
}

fn a_migration_without_a_down_script_blocks_a_downgrade(store: &Store) {
    let folder = with_application(store);
    let before = store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version");
    for to in ["-3", "base", USERS.0] {
        let error = folder.on(store).downgrade(to).expect_err("a down script is missing");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.message().contains(&format!("app:{}/down.sql", EMAIL.0)), "{error}");
    }
    assert_eq!(
        store.raw.query("SELECT version, state FROM chatkeep_migrations ORDER BY version"),
        before
    );
    assert_all_applied(store);
}

fn chatkeep_migrations_are_not_reverted_below_an_application(store: &Store) {
    let folder = with_application(store);
    for migrations in [folder.on(store), store.database().migrations()] {
        let error = migrations
            .downgrade("create_messages")
            .expect_err("application migrations were applied later");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("revision")),
            "{error}"
        );
        assert!(error.message().contains(USERS.0), "{error}");
    }
    assert_eq!(store.count(), 0, "the table still exists");
}
