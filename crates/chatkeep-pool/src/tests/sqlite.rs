//! The pool over real connections: to SQLite, and to a port without a server.

use std::net::TcpListener;
use std::sync::RwLock;
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_core::{
    DatabaseUrl, Engine, ErrorKind, MessageFilter, NewMessage, Page, messages, migrations,
};
use tempfile::TempDir;

use super::forking::in_child;
use crate::pool::{Initializer, Pool};
use crate::settings::PoolSettings;

/// Serializes the forking test with all other tests that use SQLite.
///
/// SQLite has process-wide locks. A child that is forked while another thread is inside SQLite
/// inherits them locked, which the pool cannot prevent.
static SQLITE: RwLock<()> = RwLock::new(());

fn migrate() -> Initializer {
    Box::new(|connection| migrations::upgrade(connection, Duration::from_secs(30)).map(drop))
}

fn file(folder: &TempDir) -> DatabaseUrl {
    DatabaseUrl::sqlite_file(folder.path().join("chat.db"))
}

fn count(pool: &Pool) -> i64 {
    messages::count(&mut pool.reader().unwrap(), &MessageFilter::default()).unwrap()
}

#[test]
fn many_threads_can_read_and_write_one_file() {
    let _shared = SQLITE.read();
    let folder = TempDir::new().unwrap();
    let settings = PoolSettings { pool_size: 2, max_overflow: 1, ..PoolSettings::default() };
    let pool = Pool::with_initializer(file(&folder), settings, migrate()).unwrap();
    assert!(!folder.path().join("chat.db").exists(), "nothing is opened before the first call");
    thread::scope(|scope| {
        for _ in 0..8 {
            let pool = pool.clone();
            scope.spawn(move || {
                for _ in 0..10 {
                    messages::insert(&mut pool.writer().unwrap(), &NewMessage::new("hello"))
                        .unwrap();
                    messages::list(
                        &mut pool.reader().unwrap(),
                        &MessageFilter::default(),
                        &Page::default(),
                    )
                    .unwrap();
                }
            });
        }
    });
    assert_eq!(count(&pool), 80);
    let status = pool.status();
    assert_eq!((status.pool_size, status.max, status.checked_out), (3, 4, 0));

    let writer = pool.writer().unwrap();
    assert_eq!(writer.engine(), Engine::Sqlite);
    pool.close();
    assert!(folder.path().join("chat.db-wal").exists(), "a connection is in use");
    drop(writer);
    // SQLite removes the log when the last connection is closed.
    assert!(!folder.path().join("chat.db-wal").exists());
    assert!(pool.reader().is_err());
}

#[test]
fn a_reader_of_a_file_cannot_write() {
    let _shared = SQLITE.read();
    let folder = TempDir::new().unwrap();
    let pool = Pool::with_initializer(file(&folder), PoolSettings::default(), migrate()).unwrap();
    let error =
        messages::insert(&mut pool.reader().unwrap(), &NewMessage::new("hello")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
}

#[test]
fn an_in_memory_database_keeps_its_rows() {
    let _shared = SQLITE.read();
    let pool =
        Pool::with_initializer(DatabaseUrl::sqlite_memory(), PoolSettings::default(), migrate())
            .unwrap();
    messages::insert(&mut pool.writer().unwrap(), &NewMessage::new("hello")).unwrap();
    assert_eq!(count(&pool), 1);
    assert_eq!((pool.status().max, pool.status().checked_in), (1, 1));
}

#[test]
fn a_forked_child_and_its_parent_share_a_file() {
    let _exclusive = SQLITE.write();
    let folder = TempDir::new().unwrap();
    let pool = Pool::with_initializer(file(&folder), PoolSettings::default(), migrate()).unwrap();
    let mut inherited = Some(pool.writer().unwrap());
    assert!(in_child(|| {
        drop(inherited.take());
        let id = messages::insert(&mut pool.writer().unwrap(), &NewMessage::new("from the child"))
            .unwrap();
        id == 1 && count(&pool) == 1
    }));
    assert_eq!(count(&pool), 1);
    messages::insert(&mut inherited.unwrap(), &NewMessage::new("from the parent")).unwrap();
    assert_eq!(count(&pool), 2);
}

#[test]
fn a_missing_folder_is_an_error_and_is_not_created() {
    let folder = TempDir::new().unwrap();
    let url = DatabaseUrl::sqlite_file(folder.path().join("missing").join("chat.db"));
    let pool = Pool::new(url, PoolSettings::default()).unwrap();
    let start = Instant::now();
    assert_eq!(pool.wait_until_ready().unwrap_err().kind(), ErrorKind::Configuration);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(!folder.path().join("missing").exists());
}

#[test]
fn a_refused_connection_reports_attempts_and_time() {
    // Nothing listens on a port that was just released.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["postgresql", "mysql"] {
        let url =
            DatabaseUrl::parse(&format!("{scheme}://chat:hunter2@127.0.0.1:{port}/chat")).unwrap();
        let settings = PoolSettings {
            max_retries: 2,
            retry_delay: Duration::from_millis(200),
            ..PoolSettings::default()
        };
        let pool = Pool::new(url, settings).unwrap();
        let error = pool.writer().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.is_retryable());
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("(tried ") && text.contains(" times in ") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn debug_output_hides_the_password() {
    let url = DatabaseUrl::parse("postgresql://chat:hunter2@db.example.com/chat").unwrap();
    let pool = Pool::new(url, PoolSettings::default()).unwrap();
    assert_eq!(format!("{pool:?}"), "Pool { url: postgresql://chat:***@db.example.com/chat, .. }");
}

#[test]
fn invalid_settings_are_rejected_by_pool_new() {
    let settings = PoolSettings { pool_size: 0, ..PoolSettings::default() };
    let error = Pool::new(DatabaseUrl::sqlite_memory(), settings).map(drop).unwrap_err();
    assert_eq!(error.field(), Some("pool_size"));
}
