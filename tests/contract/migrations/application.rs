//! An application's own migrations, in one history after chatkeep's.

use std::path::Path;

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_core::migrations::{Line, SchemaVersion, all};

use super::folder::{EMAIL, Folder, SPECIAL, USERS, assert_all_was_run, dialect, differences};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    an_applications_migrations_run_after_chatkeeps,
    chatkeeps_migrations_that_come_later_are_not_out_of_order,
    an_engines_own_folder_goes_before_what_is_for_all,
    a_revision_may_be_a_version_its_beginning_or_a_name,
    folders_that_are_not_as_they_should_be_are_refused_by_their_name,
];

fn an_applications_migrations_run_after_chatkeeps(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let own = all(store.database().engine()).len();
    let ran = folder.on(store).upgrade("head").expect("all are run");
    let app = [USERS.0, EMAIL.0, SPECIAL].map(|name| format!("app:{name}"));
    assert_eq!((ran.len(), &ran[own..]), (own + 3, &app[..]));
    assert_all_was_run(store);
    assert_eq!(folder.on(store).upgrade("head").expect("nothing to do"), <[String; 0]>::default());
    let status = folder.on(store).status().expect("the database answers");
    assert_eq!((status.version(), status.applied.len()), (SchemaVersion::Head, own + 3));
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    // Who knows nothing of the folder sees chatkeep's alone, and works.
    let plain = store.afresh();
    let status = plain.database().migration_status().expect("the database answers");
    assert_eq!((status.version(), status.applied.len()), (SchemaVersion::Head, own));
    plain.messages().log_message(&NewMessage::new("a")).expect("the message is logged");
    assert_eq!(differences(&plain.database().migrations()), <[String; 0]>::default());
}

fn chatkeeps_migrations_that_come_later_are_not_out_of_order(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let own = all(store.database().engine());
    let last = own.last().expect("a migration");
    // A release without the last one, whose application has run its own.
    folder.on(store).upgrade(&own[own.len() - 2].version).expect("all but one are run");
    let stamped = folder.on(store).stamp("head").expect("the history is written");
    assert_eq!(stamped.len(), 3, "{stamped:?}");
    let status = folder.on(store).status().expect("the database answers");
    assert_eq!((status.version(), status.pending.len()), (SchemaVersion::Behind(1), 1));
    assert_eq!(folder.on(store).upgrade("head").expect("it is run"), [last.title()]);
}

fn an_engines_own_folder_goes_before_what_is_for_all(store: &Store) {
    let folder = Folder::empty();
    folder.add(USERS.0, "this is no SQL;", "");
    folder.add(&format!("{}/{}", dialect(store.engine()), USERS.0), USERS.1, USERS.2);
    let other = if dialect(store.engine()) == "sqlite" { "postgresql" } else { "sqlite" };
    folder.add(&format!("{other}/20270105000000_of_another_engine"), "nor is this;", "");
    folder.on(store).upgrade("head").expect("the engine's own is run");
    store.raw.execute("INSERT INTO users (id, name) VALUES (1, 'a')");
}

fn a_revision_may_be_a_version_its_beginning_or_a_name(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let own = all(store.database().engine());
    let migrations = folder.on(store);
    assert_eq!(migrations.upgrade(&own[0].version).expect("one is run"), [own[0].title()]);
    assert_eq!(migrations.upgrade("create_api_tokens").expect("one is run"), [own[1].title()]);
    let ran = migrations.upgrade("app:20270101").expect("the rest, and one of the application's");
    assert_eq!(ran.last(), Some(&format!("app:{}", USERS.0)));
    assert!(ran.iter().all(|title| !title.contains(EMAIL.0)));
    assert_eq!(migrations.upgrade("create_users").expect("it was run"), <[String; 0]>::default());
    assert_eq!(migrations.upgrade(EMAIL.0).expect("one is run"), [format!("app:{}", EMAIL.0)]);
    for (revision, said) in
        [("2027010", "may be any of"), ("nonsense", "there is no migration"), ("2", "no migration")]
    {
        let error = migrations.upgrade(revision).expect_err("there is no such revision");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("revision")),
            "{revision}"
        );
        assert!(error.message().contains(said), "{error}");
    }
    let of_application = |line: Line| line == Line::Application;
    assert!(!own.iter().any(|migration| of_application(migration.line)));
}

fn folders_that_are_not_as_they_should_be_are_refused_by_their_name(store: &Store) {
    type Spoil = fn(&Folder);
    let cases: [(Spoil, &str); 9] = [
        (|folder| folder.add("2027_add", "SELECT 1", ""), "2027_add: is no migration"),
        (|folder| folder.add("20270109000000_Add", "SELECT 1", ""), "is no migration"),
        (
            |folder| folder.add("20270101000000_other", "SELECT 1", ""),
            "has the version of 20270101000000_create_users",
        ),
        (
            |folder| folder.add("20270109000000_add", "-- nothing\n;", ""),
            "add/up.sql holds no statement",
        ),
        (
            |folder| folder.add("20270109000000_add", "SELECT 1;\n\nCOMMIT;", ""),
            "up.sql, line 3: COMMIT cannot stand",
        ),
        (|folder| folder.add("20270109000000_add", "SELECT 'a", ""), "up.sql, line 1: the quote"),
        (
            |folder| folder.add("20270109000000_add", "-- chatkeep: fast\nSELECT 1", ""),
            "\"fast\" is not known",
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
            "create_users: holds no up.sql",
        ),
    ];
    for (spoil, said) in cases {
        let folder = Folder::empty();
        folder.add(USERS.0, USERS.1, USERS.2);
        spoil(&folder);
        let error = folder.on(store).upgrade("head").expect_err("the folder is not right");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("folder")),
            "{error}"
        );
        assert!(error.message().contains(said), "{error}");
    }
    let folder = Folder::empty();
    let file = folder.path().join("up.sql");
    std::fs::write(&file, "SELECT 1").expect("a file");
    let below = file.join("migrations");
    let nowhere = Path::new("/nowhere/at/all");
    for (place, said) in
        [(nowhere, "there is no such folder"), (&file, "is no folder"), (&below, "Not a directory")]
    {
        let error =
            store.database().migrations().with_folder(place).status().expect_err("no folder");
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some("folder")),
            "{error}"
        );
        assert!(
            error.message().contains(said) && error.message().contains(&*place.to_string_lossy()),
            "{error}"
        );
    }
    assert!(
        store.raw.try_execute("SELECT * FROM chatkeep_migrations").is_err(),
        "nothing was made"
    );
}
