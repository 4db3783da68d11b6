//! Processes that start together: one runs the migrations, and the others find them applied.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::NewMessage;
use chatkeep_core::migrations::all;
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Role};
use chatkeep_testkit::Engine;

use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::{Store, open};

on_every_engine![run_empty =>
    concurrent_processes_run_the_migrations_once,
    concurrent_first_calls_find_the_schema,
    upgrades_wait_for_the_lock_but_version_checks_do_not,
];

fn concurrent_processes_run_the_migrations_once(store: &Store) {
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

fn concurrent_first_calls_find_the_schema(store: &Store) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // Each thread has its own handle, like separate processes.
                let chat = open(store.raw.url());
                chat.messages().log_message(&NewMessage::new("a")).expect("the schema is there");
            });
        }
    });
    assert_eq!(store.count(), 8);
}

fn upgrades_wait_for_the_lock_but_version_checks_do_not(store: &Store) {
    let url = store.raw.url();
    let waiting = with_migration_lock(store, || {
        let chat = open(url);
        let upgrade = thread::spawn(move || chat.database().upgrade());
        wait_until(|| has_asked_for_the_lock(store));
        assert!(!upgrade.is_finished(), "the upgrade waits");
        assert!(
            store.raw.try_execute("SELECT * FROM messages").is_err(),
            "nothing is created without the lock"
        );
        upgrade
    });
    let ran = waiting.join().expect("the thread does not panic").expect("the schema is created");
    assert_eq!(ran.len(), all(store.database().engine()).len());
    with_migration_lock(store, || {
        let start = Instant::now();
        assert_eq!(
            open(url).database().upgrade().expect("there is nothing to do"),
            Vec::<String>::new()
        );
        assert_eq!(open(url).messages().get_message_by_id(1).expect("the query succeeds"), None);
        assert!(start.elapsed() < Duration::from_secs(10), "a version check takes no lock");
    });
    store.round_trip(&NewMessage::new("the lock is free again"));
}

/// Runs `work` while another session holds the migration lock.
fn with_migration_lock<T>(store: &Store, work: impl FnOnce() -> T) -> T {
    let (acquire, holder, end) = match store.engine() {
        Engine::Sqlite => return with_write_lock(store.raw.url(), work),
        Engine::PostgreSql => {
            (ACQUIRE_POSTGRESQL, HOLDER_POSTGRESQL, "SELECT pg_terminate_backend")
        }
        Engine::MariaDb | Engine::MySql => (ACQUIRE_MYSQL, HOLDER_MYSQL, "KILL "),
    };
    thread::scope(|scope| {
        // Fails, because its connection is terminated.
        scope.spawn(|| drop(store.raw.try_execute(acquire)));
        let mut pid = None;
        wait_until(|| {
            pid = store.raw.scalar(holder);
            pid.is_some()
        });
        let value = work();
        store.raw.execute(&format!("{end}({})", pid.expect("a session holds the lock")));
        wait_until(|| store.raw.scalar(holder).is_none());
        value
    })
}

// The lock keys are repeated here because no release may change them: an older and a newer program
// must exclude each other. The key for PostgreSQL is the text `chatkeep`, read as a big-endian
// number.
const ACQUIRE_POSTGRESQL: &str =
    "SELECT pg_advisory_lock(7163082359978681712); SELECT pg_sleep(60)";
const HOLDER_POSTGRESQL: &str = "
    SELECT max(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database() AND query LIKE \
    '%pg_sleep(60)'";
const ACQUIRE_MYSQL: &str =
    "SELECT GET_LOCK(CONCAT('chatkeep_migrate_', LEFT(SHA2(DATABASE(), 256), 32)), 30), SLEEP(60)";
const HOLDER_MYSQL: &str =
    "SELECT IS_USED_LOCK(CONCAT('chatkeep_migrate_', LEFT(SHA2(DATABASE(), 256), 32)))";

fn with_write_lock<T>(url: &str, work: impl FnOnce() -> T) -> T {
    let url = DatabaseUrl::parse(url).expect("a URL");
    let mut connection =
        Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("it opens");
    connection.transaction(|_| Ok(work())).expect("the lock is released")
}

fn has_asked_for_the_lock(store: &Store) -> bool {
    let others = match store.engine() {
        // Processes waiting for a file lock are not visible.
        Engine::Sqlite => return true,
        // The last statement of a connection; an attempt to lock is a transaction.
        Engine::PostgreSql => {
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query = \
             'COMMIT'"
        }
        // The lock holder, this connection, and a third one.
        Engine::MariaDb | Engine::MySql => {
            "SELECT GREATEST(COUNT(*), 2) - 2 FROM information_schema.processlist WHERE db = \
             DATABASE()"
        }
    };
    store.raw.scalar(others).is_some_and(|count| count != "0")
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "the condition was not met within 30 s");
        thread::sleep(Duration::from_millis(10));
    }
}
