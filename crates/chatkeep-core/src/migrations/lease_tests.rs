//! Tests of the lease on servers without Galera. It uses no Galera features.

use chatkeep_testkit::{Engine, TestDatabase};

use super::*;
use crate::connection::{ConnectOptions, Role};
use crate::error::SchemaState;
use crate::migrations::history;
use crate::migrations::runner::{Task, run_all};
use crate::migrations::script::Direction;
use crate::migrations::set::MigrationSet;
use crate::migrations::status::status_of;
use crate::url::DatabaseUrl;

const STOLEN: &str = "UPDATE chatkeep_migration_lease SET owner = 'another'";

/// Runs a case with an empty database on each available MariaDB and MySQL server.
fn on_each_server(case: impl Fn(&TestDatabase)) {
    for engine in
        [Engine::MariaDb, Engine::MySql].into_iter().filter(|engine| engine.is_available())
    {
        case(&TestDatabase::create(engine));
    }
}

fn open(database: &TestDatabase) -> Connection {
    let url = DatabaseUrl::parse(database.url()).expect("the URL is right");
    Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("the server is there")
}

fn owners(database: &TestDatabase) -> Vec<Option<String>> {
    let rows = database.query("SELECT owner FROM chatkeep_migration_lease");
    rows.into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn lease_is_renewed_while_its_owner_works_longer_than_its_term() {
    let term = Duration::from_secs(3);
    on_each_server(|database| {
        thread::scope(|scope| {
            let (begun, begins) = std::sync::mpsc::channel();
            let owner = scope.spawn(move || {
                hold(&mut open(database), term, |connection, held| {
                    begun.send(()).expect("the test waits");
                    // One statement.
                    connection.batch("DO SLEEP(8)", Effect::None)?;
                    held.check(connection)?;
                    Ok(Instant::now())
                })
            });
            begins.recv().expect("it begins");
            let rival = hold(&mut open(database), term, |_, _| Ok(Instant::now()));
            let end = owner.join().expect("no panic").expect("the lease is kept");
            assert!(rival.expect("it acquires the lease") > end, "one after the other");
        });
        assert_eq!(owners(database), [], "the lease is released");
    });
}

#[test]
fn expired_lease_of_a_dead_owner_is_acquired_by_another() {
    on_each_server(|database| {
        let mut connection = open(database);
        connection.batch(TABLE, Effect::None).expect("a table");
        let left = "INSERT INTO chatkeep_migration_lease \
                    VALUES (1, 'dead', UTC_TIMESTAMP(6) + INTERVAL 1 SECOND)";
        connection.batch(left, Effect::None).expect("a row");
        let start = Instant::now();
        hold(&mut connection, TERM, |_, _| {
            assert!(start.elapsed() > Duration::from_millis(500), "it waits for the expiry");
            assert_ne!(owners(database), [Some("dead".to_owned())]);
            Ok(())
        })
        .expect("it acquires the lease");
        assert_eq!(owners(database), []);
    });
}

#[test]
fn owner_of_a_lost_lease_gets_a_conflict_and_keeps_the_new_owner() {
    on_each_server(|database| {
        let outcome = hold(&mut open(database), TERM, |connection, held| {
            held.check(connection)?;
            connection.batch(STOLEN, Effect::None)?;
            held.check(connection)
        });
        let error = outcome.expect_err("it is lost");
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("another program now holds it"), "{error}");
        assert_eq!(owners(database), [Some("another".to_owned())], "the new owner is kept");
    });
}

#[test]
fn runner_of_a_lost_lease_stops_before_its_next_step() {
    let cases = [
        // Rows are only committed while the lease is held; data definition is not recorded.
        (format!("CREATE TABLE one (id INT); {STOLEN}; CREATE TABLE two (id INT)"), "failed:1"),
        (
            format!(
                "CREATE TABLE one (id INT); CREATE PROCEDURE steal() {STOLEN}; CALL steal(); \
                 CREATE TABLE two (id INT)"
            ),
            "running:2",
        ),
    ];
    on_each_server(|database| {
        for (text, state) in &cases {
            let folder = tempfile::tempdir().expect("a folder");
            let migration = folder.path().join("20270101000000_steal");
            std::fs::create_dir(&migration).expect("a folder");
            std::fs::write(migration.join("up.sql"), text).expect("a file");
            let mut connection = open(database);
            let engine = connection.engine();
            let set = MigrationSet::with_folder(engine, folder.path()).expect("it is valid");
            let steal = set.list().last().expect("there is one");
            let error = hold(&mut connection, TERM, |connection, held| {
                history::create_table(connection)?;
                let tasks = [Task::read(engine, steal, Direction::Up)?];
                run_all(connection, held, &tasks, &[], Direction::Up, &mut None)
            });
            let error = error.expect_err("it is stopped");
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            assert_eq!(
                database.scalar("SELECT state FROM chatkeep_migrations").as_deref(),
                Some(*state),
                "{text}"
            );
            assert!(database.try_execute("SELECT * FROM two").is_err(), "no further step was run");
            let found = status_of(&mut connection, &set).expect("it answers").error();
            assert_eq!(
                found.kind(),
                ErrorKind::Schema(SchemaState::Dirty),
                "the next run resumes: {found}"
            );
            database.execute("DROP TABLE one");
            database.execute("DROP TABLE chatkeep_migrations");
            database.execute("DROP TABLE chatkeep_migration_lease");
        }
    });
}
