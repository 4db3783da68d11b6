//! Application migrations, recorded in one history after those of chatkeep.

use std::path::Path;

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_core::migrations::{Owner, SchemaVersion, all};

use super::folder::{EMAIL, Folder, SPECIAL, USERS, assert_all_applied, dialect, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty =>
    application_migrations_run_after_those_of_chatkeep,
    later_chatkeep_migrations_are_not_out_of_order,
    an_engine_specific_folder_takes_precedence,
    a_revision_is_a_version_a_prefix_or_a_name,
    invalid_folders_are_rejected_by_name,
];

fn application_migrations_run_after_those_of_chatkeep(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let own = all(store.database().engine()).len();
    let ran = folder.on(store).upgrade("head").expect("all migrations run");
    let app = [USERS.0, EMAIL.0, SPECIAL].map(|name| format!("app:{name}"));
    assert_eq!((ran.len(), &ran[own..]), (own + 3, &app[..]));
    assert_all_applied(store);
    assert_eq!(
        folder.on(store).upgrade("head").expect("there is nothing to do"),
        <[String; 0]>::default()
    );
    let status = folder.on(store).status().expect("the query succeeds");
    assert_eq!((status.version(), status.applied.len()), (SchemaVersion::Head, own + 3));
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    // A program without the folder sees only chatkeep's migrations, and works.
    let plain = store.new_handle();
    let status = plain.database().migration_status().expect("the query succeeds");
    assert_eq!((status.version(), status.applied.len()), (SchemaVersion::Head, own));
    plain.messages().log_message(&NewMessage::new("a")).expect("the message is logged");
    assert_eq!(differences(&plain.database().migrations()), <[String; 0]>::default());
}

fn later_chatkeep_migrations_are_not_out_of_order(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let own = all(store.database().engine());
    let last = own.last().expect("a migration");
    // A release without the last migration, whose application has run its own migrations.
    folder.on(store).upgrade(&own[own.len() - 2].version).expect("all but one run");
    let stamped = folder.on(store).stamp("head").expect("the stamp succeeds");
    assert_eq!(stamped.len(), 3, "{stamped:?}");
    let status = folder.on(store).status().expect("the query succeeds");
    assert_eq!((status.version(), status.pending.len()), (SchemaVersion::Behind(1), 1));
    assert_eq!(folder.on(store).upgrade("head").expect("the migration runs"), [last.title()]);
}

fn an_engine_specific_folder_takes_precedence(store: &Store) {
    let folder = Folder::empty();
    folder.add(USERS.0, "this is no SQL;", "");
    folder.add(&format!("{}/{}", dialect(store.engine()), USERS.0), USERS.1, USERS.2);
    let other = if dialect(store.engine()) == "sqlite" { "postgresql" } else { "sqlite" };
    folder.add(&format!("{other}/20270105000000_of_another_engine"), "nor is this;", "");
    folder.on(store).upgrade("head").expect("the engine-specific migration runs");
    store.raw.execute("INSERT INTO users (id, name) VALUES (1, 'a')");
}

fn a_revision_is_a_version_a_prefix_or_a_name(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let own = all(store.database().engine());
    let migrations = folder.on(store);
    assert_eq!(migrations.upgrade(&own[0].version).expect("one migration runs"), [own[0].title()]);
    assert_eq!(
        migrations.upgrade("create_api_tokens").expect("one migration runs"),
        [own[1].title()]
    );
    let ran = migrations
        .upgrade("app:20270101")
        .expect("the remaining migrations and one of the application run");
    assert_eq!(ran.last(), Some(&format!("app:{}", USERS.0)));
    assert!(ran.iter().all(|title| !title.contains(EMAIL.0)));
    assert_eq!(
        migrations.upgrade("create_users").expect("the migration was applied already"),
        <[String; 0]>::default()
    );
    assert_eq!(
        migrations.upgrade(EMAIL.0).expect("one migration runs"),
        [format!("app:{}", EMAIL.0)]
    );
    for (revision, expected) in
        [("2027010", "is ambiguous"), ("nonsense", "there is no migration"), ("2", "no migration")]
    {
        let error = migrations.upgrade(revision).expect_err("there is no such revision");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("revision")),
            "{revision}"
        );
        assert!(error.message().contains(expected), "{error}");
    }
    let of_application = |owner: Owner| owner == Owner::Application;
    assert!(!own.iter().any(|migration| of_application(migration.owner)));
}

fn invalid_folders_are_rejected_by_name(store: &Store) {
    type Damage = fn(&Folder);
    let cases: [(Damage, &str); 9] = [
        (|folder| folder.add("2027_add", "SELECT 1", ""), "2027_add: is not a migration"),
        (|folder| folder.add("20270109000000_Add", "SELECT 1", ""), "is not a migration"),
        (
            |folder| folder.add("20270101000000_other", "SELECT 1", ""),
            "has the same version as 20270101000000_create_users",
        ),
        (
            |folder| folder.add("20270109000000_add", "-- nothing\n;", ""),
            "add/up.sql contains no statement",
        ),
        (
            |folder| folder.add("20270109000000_add", "SELECT 1;\n\nCOMMIT;", ""),
            "up.sql, line 3: COMMIT is not allowed",
        ),
        (
            |folder| folder.add("20270109000000_add", "SELECT 'a", ""),
            "up.sql, line 1: unclosed quote",
        ),
        (
            |folder| folder.add("20270109000000_add", "-- chatkeep: fast\nSELECT 1", ""),
            "unknown directive \"fast\"",
        ),
        (
            |folder| {
                std::fs::write(folder.path().join(USERS.0).join("up.sql"), [0xff]).expect("a file")
            },
            "up.sql: is not UTF-8",
        ),
        (
            |folder| {
                std::fs::remove_file(folder.path().join(USERS.0).join("up.sql")).expect("a file")
            },
            "create_users: contains no up.sql",
        ),
    ];
    for (damage, expected) in cases {
        let folder = Folder::empty();
        folder.add(USERS.0, USERS.1, USERS.2);
        damage(&folder);
        let error = folder.on(store).upgrade("head").expect_err("the folder is invalid");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("folder")),
            "{error}"
        );
        assert!(error.message().contains(expected), "{error}");
    }
    let folder = Folder::empty();
    let file = folder.path().join("up.sql");
    std::fs::write(&file, "SELECT 1").expect("a file");
    let below = file.join("migrations");
    let nowhere = Path::new("/nowhere/at/all");
    for (path, expected) in [
        (nowhere, "there is no such folder"),
        (&file, "is not a folder"),
        (&below, "Not a directory"),
    ] {
        let error =
            store.database().migrations().with_folder(path).status().expect_err("no folder");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("folder")),
            "{error}"
        );
        assert!(
            error.message().contains(expected)
                && error.message().contains(&*path.to_string_lossy()),
            "{error}"
        );
    }
    assert!(
        store.raw.try_execute("SELECT * FROM chatkeep_migrations").is_err(),
        "nothing was created"
    );
}
