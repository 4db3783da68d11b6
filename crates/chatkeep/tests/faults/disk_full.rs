//! Full disks.

use std::thread;

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::{count, log, open, open_ready};

/// A small tmpfs mounted over a database's folder until this is dropped. It requires root.
struct SmallDisk<'a> {
    database: &'a TestDatabase,
}

impl<'a> SmallDisk<'a> {
    fn under(database: &'a TestDatabase, size: &str) -> Option<Self> {
        let folder = database.folder().expect("SQLite has a folder");
        let options = std::ffi::CString::new(format!("size={size}")).expect("no NUL");
        let flags = rustix::mount::MountFlags::empty();
        match rustix::mount::mount("tmpfs", folder, "tmpfs", flags, Some(options.as_c_str())) {
            Ok(()) => Some(Self { database }),
            Err(cause) => {
                eprintln!("skipped: could not mount a small disk ({cause})");
                None
            }
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let folder = self.database.folder().expect("SQLite has a folder");
        // Detached lazily, so that an open connection does not prevent it.
        if let Err(cause) = rustix::mount::unmount(folder, rustix::mount::UnmountFlags::DETACH) {
            eprintln!("could not unmount {}: {cause}", folder.display());
        }
    }
}

#[test]
fn a_full_disk_is_reported_and_loses_nothing() {
    let database = TestDatabase::create(Engine::Sqlite);
    let Some(disk) = SmallDisk::under(&database, "1m") else { return };
    let chat = open_ready(database.url());
    let created = chat.tokens().create_token("t", None).expect("there is enough space");
    let large = "x".repeat(64 * 1024);
    let mut acknowledged = 0;
    let full = loop {
        match log(&chat, &large) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 100, "the disk never fills up");
    };
    assert!(acknowledged > 0, "some messages were acknowledged");
    fails(database.url(), || Err::<(), _>(full))
        .with(ErrorKind::StorageFull)
        .containing("full")
        .final_();
    let two = [NewMessage::new(&large), NewMessage::new(&large)];
    fails(database.url(), || chat.messages().log_messages(&two))
        .with(ErrorKind::StorageFull)
        .final_()
        .at_once();

    assert_eq!(
        count(&chat).expect("reads still work"),
        acknowledged,
        "exactly the acknowledged messages are stored"
    );
    assert!(
        chat.tokens()
            .verify_token(created.token.expose())
            .expect("tokens can be checked on a full disk")
    );
    drop(chat);
    let again = open(database.url());
    assert_eq!(count(&again).expect("the file is intact"), acknowledged);
    drop((again, disk));
}

#[test]
fn a_disk_that_fills_up_keeps_all_acknowledged_messages() {
    let database = TestDatabase::create(Engine::Sqlite);
    let Some(disk) = SmallDisk::under(&database, "2m") else { return };
    let chat = open_ready(database.url());
    let acknowledged: Vec<(i64, String)> = thread::scope(|scope| {
        let writers: Vec<_> = (0..16)
            .map(|writer| {
                let (chat, url) = (&chat, database.url());
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    for number in 0.. {
                        let text = format!("{writer} {number} {}", "x".repeat(4 * 1024));
                        match log(chat, &text) {
                            Ok(id) => acknowledged.push((id, text)),
                            Err(error) => {
                                fails(url, || Err::<(), _>(error))
                                    .with(ErrorKind::StorageFull)
                                    .final_();
                                return acknowledged;
                            }
                        }
                        assert!(number < 1_000, "the disk never fills up");
                    }
                    acknowledged
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("no call panics")).collect()
    });
    assert!(!acknowledged.is_empty(), "some messages were acknowledged");
    drop(chat);
    let again = open(database.url());
    assert_eq!(
        count(&again).expect("the file is intact"),
        acknowledged.len() as i64,
        "exactly the acknowledged messages are stored"
    );
    for (id, text) in acknowledged {
        let stored = again
            .messages()
            .get_message_by_id(id)
            .expect("it can be read")
            .expect("it was acknowledged");
        assert_eq!(stored.user_message, text);
    }
    drop((again, disk));
}

/// Returns the schema and rows of a database, and the names of the files in its folder.
fn contents_of(database: &TestDatabase) -> (Vec<Vec<Option<String>>>, Vec<String>) {
    let rows =
        ["SELECT name, sql FROM sqlite_schema ORDER BY name", "SELECT * FROM messages ORDER BY id"]
            .into_iter()
            .flat_map(|query| database.query(query))
            .collect();
    let entries =
        std::fs::read_dir(database.folder().expect("SQLite has a folder")).expect("a folder");
    let names =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    // SQLite creates and deletes its own companion files.
    let mut names: Vec<_> =
        names.filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm")).collect();
    names.sort();
    (rows, names)
}

#[test]
fn tables_are_adopted_completely_or_not_at_all_on_a_small_disk() {
    let (mut failed_copies, mut failed_tables) = (0, 0);
    for kilobytes in (352..).step_by(96) {
        assert!(kilobytes < 8_000, "it never succeeds");
        let database = TestDatabase::create(Engine::Sqlite);
        let Some(disk) = SmallDisk::under(&database, &format!("{kilobytes}k")) else { return };
        database.execute(
            "CREATE TABLE messages (id INTEGER NOT NULL, timestamp DATETIME, \
                 user_message TEXT NOT NULL, bot_response TEXT, provider VARCHAR(50), \
                 model VARCHAR(100), tokens_used INTEGER, metadata JSON, PRIMARY KEY (id));
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200)
             INSERT INTO messages (timestamp, user_message) \
                 SELECT '2024-05-01 10:00:00.000000', printf('%.1000c', 'x') FROM n",
        );
        let before = contents_of(&database);
        let chat = open(database.url());
        let outcome = chat.database().migrations().adopt(false);
        drop(chat);
        match outcome {
            Ok((adoption, copy)) => {
                assert_eq!(adoption.rows, [("messages".to_owned(), 200)]);
                assert!(copy.is_some_and(|copy| copy.exists()));
                assert_eq!(count(&open(database.url())).expect("the tables are adopted"), 200);
                break;
            }
            Err(error) => {
                let is_copy = error.message().contains("failed to write the copy");
                let is_adopted = database.query(
                    "SELECT count(*) FROM sqlite_schema \
                    WHERE name = 'chatkeep_migrations'",
                )[0][0]
                    .as_deref()
                    == Some("1");
                failed_copies += u32::from(is_copy);
                failed_tables += u32::from(!is_copy && !is_adopted);
                fails(database.url(), || Err::<(), _>(error))
                    .with(ErrorKind::StorageFull)
                    .containing("full")
                    .final_();
                if is_adopted {
                    // The disk was full during the migrations that follow. They can be run again.
                    let rows =
                        database.query("SELECT count(*), min(length(user_message)) FROM messages");
                    let expected = ["200", "1000"].map(|text| Some(text.to_owned()));
                    assert_eq!(rows, [expected], "with {kilobytes} kB");
                } else {
                    assert_eq!(contents_of(&database), before, "with {kilobytes} kB");
                }
            }
        }
        drop(disk);
    }
    assert!(failed_copies > 0 && failed_tables > 0, "{failed_copies} {failed_tables}");
}
