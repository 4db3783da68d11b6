//! Twenty programs at once, with an application's migrations.

use chatkeep_core::migrations::all;
use chatkeep_testkit::{Engine, PgBouncer};

use super::folder::{Folder, assert_all_was_run, differences};
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::{Store, open};

on_every_engine![of_twenty_programs_with_an_application_one_runs_all];

fn of_twenty_programs_with_an_application_one_runs_all(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[store.raw.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_eq!(ran[0].len(), all(store.database().engine()).len() + 3);
    assert_all_was_run(store);
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(store.count(), 20);
}

#[test]
fn through_a_pooler_in_transaction_mode_it_is_the_same() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    // Fewer connections than programs: whoever waits for the lock must not keep one.
    let pooler = PgBouncer::before(&store.raw, 4);
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[pooler.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_eq!(ran[0].len(), all(store.database().engine()).len() + 3);
    assert_all_was_run(&store);
    let migrations = open(pooler.url()).database().migrations().with_folder(folder.path());
    assert_eq!(differences(&migrations), <[String; 0]>::default());
    assert_eq!(migrations.downgrade("add_email").expect("the way back").len(), 1);
    assert_eq!(store.count(), 20);
}

/// The strictest isolation level, as a role or a database may have it by default.
const SERIALIZABLE: &str = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = \
                            serializable', current_database()); END $$";

#[test]
fn programs_in_a_database_with_serializable_transactions_run_all_once() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    store.raw.execute(SERIALIZABLE);
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[store.raw.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> =
        programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_all_was_run(&store);
}

#[test]
fn under_the_lock_each_statement_sees_what_the_previous_holder_committed() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    store.raw.execute(SERIALIZABLE);
    let folder = Folder::empty();
    folder.add(
        "20270101000000_isolation",
        "CREATE TABLE seen AS SELECT current_setting('transaction_isolation') AS level;\n",
        "DROP TABLE seen;\n",
    );
    folder.on(&store).upgrade("head").expect("the migrations are run");
    // At a stricter level the snapshot would be as old as the attempt to get the lock.
    assert_eq!(store.raw.scalar("SELECT level FROM seen").as_deref(), Some("read committed"));
}
