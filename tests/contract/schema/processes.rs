//! Programs that start at the same moment: one runs the migrations, the others find them done.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::NewMessage;
use chatkeep_core::migrations::all;
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Role};
use chatkeep_testkit::Engine;

use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::{Store, open};

on_every_engine![
    of_twenty_processes_that_upgrade_at_once_one_runs_the_migrations,
    threads_that_call_first_at_once_all_find_the_schema,
    an_upgrade_waits_for_the_lock_and_a_look_does_not,
];

fn of_twenty_processes_that_upgrade_at_once_one_runs_the_migrations(store: &Store) {
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[store.raw.url()])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    let migrations = all(store.database().engine());
    let names =
        migrations.iter().map(|migration| format!("{}_{}", migration.version, migration.name));
    assert_eq!(ran, [names.collect::<Vec<_>>()]);
    let rows = store.raw.scalar("SELECT COUNT(*) FROM chatkeep_migrations");
    assert_eq!(rows, Some(migrations.len().to_string()));
    assert_eq!(store.count(), 20);
}

fn threads_that_call_first_at_once_all_find_the_schema(store: &Store) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // A handle each, as programs have.
                let chat = open(store.raw.url());
                chat.messages().log_message(&NewMessage::new("a")).expect("the schema is there");
            });
        }
    });
    assert_eq!(store.count(), 8);
}

fn an_upgrade_waits_for_the_lock_and_a_look_does_not(store: &Store) {
    let url = store.raw.url();
    let waiting = with_migration_lock(store, || {
        let chat = open(url);
        let upgrade = thread::spawn(move || chat.database().upgrade());
        wait_until(|| has_asked_for_the_lock(store));
        assert!(!upgrade.is_finished(), "the upgrade waits");
        assert!(
            store.raw.try_execute("SELECT * FROM messages").is_err(),
            "nothing is made without the lock"
        );
        upgrade
    });
    let ran = waiting.join().expect("no panic").expect("the schema is made");
    assert_eq!(ran.len(), all(store.database().engine()).len());
    with_migration_lock(store, || {
        let start = Instant::now();
        assert_eq!(open(url).database().upgrade().expect("nothing to do"), Vec::<String>::new());
        assert_eq!(open(url).messages().get_message_by_id(1).expect("the log answers"), None);
        assert!(start.elapsed() < Duration::from_secs(10), "a look takes no lock");
    });
    store.round_trip(&NewMessage::new("the lock is free again"));
}

/// Does this while somebody else holds the lock under which migrations are run.
fn with_migration_lock<T>(store: &Store, work: impl FnOnce() -> T) -> T {
    let (take, holder, end) = match store.engine() {
        Engine::Sqlite => return with_write_lock(store.raw.url(), work),
        Engine::PostgreSql => (TAKE_POSTGRESQL, HOLDER_POSTGRESQL, "SELECT pg_terminate_backend"),
        Engine::MariaDb | Engine::MySql => (TAKE_MYSQL, HOLDER_MYSQL, "KILL "),
    };
    thread::scope(|scope| {
        // Ends with an error, because its connection is ended.
        scope.spawn(|| drop(store.raw.try_execute(take)));
        let mut pid = None;
        wait_until(|| {
            pid = store.raw.scalar(holder);
            pid.is_some()
        });
        let value = work();
        store.raw.execute(&format!("{end}({})", pid.expect("somebody holds the lock")));
        wait_until(|| store.raw.scalar(holder).is_none());
        value
    })
}

// The locks' keys stand here once more, because no release may change them: an older program and a newer one must keep
// each other out. PostgreSQL's is the text `chatkeep`, read as a big-endian number.
const TAKE_POSTGRESQL: &str = "SELECT pg_advisory_lock(7163082359978681712); SELECT pg_sleep(60)";
const HOLDER_POSTGRESQL: &str = "
    SELECT max(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database() AND query LIKE '%pg_sleep(60)'";
const TAKE_MYSQL: &str =
    "SELECT GET_LOCK(CONCAT('chatkeep_migrate_', LEFT(SHA2(DATABASE(), 256), 32)), 30), SLEEP(60)";
const HOLDER_MYSQL: &str =
    "SELECT IS_USED_LOCK(CONCAT('chatkeep_migrate_', LEFT(SHA2(DATABASE(), 256), 32)))";

fn with_write_lock<T>(url: &str, work: impl FnOnce() -> T) -> T {
    let url = DatabaseUrl::parse(url).expect("a URL");
    let mut connection =
        Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("it opens");
    connection.transaction(|_| Ok(work())).expect("the lock is given back")
}

fn has_asked_for_the_lock(store: &Store) -> bool {
    let others = match store.engine() {
        // Nobody can see who waits for a file.
        Engine::Sqlite => return true,
        // What a connection ran last: the attempt is a transaction.
        Engine::PostgreSql => {
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT'"
        }
        // The one that holds the lock, this one, and a third.
        Engine::MariaDb | Engine::MySql => {
            "SELECT GREATEST(COUNT(*), 2) - 2 FROM information_schema.processlist WHERE db = DATABASE()"
        }
    };
    store.raw.scalar(others).is_some_and(|count| count != "0")
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not come to pass");
        thread::sleep(Duration::from_millis(10));
    }
}
