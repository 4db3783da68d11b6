//! Twenty concurrent processes that run application migrations.

use chatkeep_core::migrations::all;
use chatkeep_testkit::{Engine, PgBouncer};

use super::folder::{Folder, assert_all_applied, differences};
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::{Store, open};

on_every_engine![run_empty => concurrent_application_upgrades_run_once];

fn concurrent_application_upgrades_run_once(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[store.raw.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_eq!(ran[0].len(), all(store.database().engine()).len() + 3);
    assert_all_applied(store);
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(store.count(), 20);
}

#[test]
fn concurrent_upgrades_through_a_transaction_pooler_run_once() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::empty(Engine::PostgreSql);
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    // Fewer connections than processes: a process that waits for the lock must not hold a
    // connection.
    let pooler = PgBouncer::before(&store.raw, 4);
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[pooler.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_eq!(ran[0].len(), all(store.database().engine()).len() + 3);
    assert_all_applied(&store);
    let migrations = open(pooler.url()).database().migrations().with_folder(folder.path());
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert_eq!(migrations.downgrade("add_email").expect("the downgrade succeeds").len(), 1);
    assert_eq!(store.count(), 20);
}

/// Sets the strictest isolation level as the default of the database.
const SERIALIZABLE: &str = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
    default_transaction_isolation = \
                            serializable', current_database()); END $$";

#[test]
fn concurrent_upgrades_in_serializable_databases_run_once() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::empty(Engine::PostgreSql);
    store.raw.execute(SERIALIZABLE);
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[store.raw.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_all_applied(&store);
}

#[test]
fn statements_under_the_lock_see_commits_of_the_previous_holder() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::empty(Engine::PostgreSql);
    store.raw.execute(SERIALIZABLE);
    let folder = Folder::empty();
    folder.add(
        "20270101000000_isolation",
        "CREATE TABLE seen AS SELECT current_setting('transaction_isolation') AS level;\n",
        "DROP TABLE seen;\n",
    );
    folder.on(&store).upgrade("head").expect("the migrations are run");
    // At a stricter level, the snapshot would date from the attempt to acquire the lock.
    assert_eq!(store.raw.scalar("SELECT level FROM seen").as_deref(), Some("read committed"));
}
