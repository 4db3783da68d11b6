//! Processes killed during a migration, at every point between two effects.

use chatkeep_core::migrations::{SchemaVersion, all};
use chatkeep_testkit::{Engine, galera_urls};

use super::folder::{Folder, assert_all_applied, differences};
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::Store;

on_every_engine![run_empty =>
    a_chatkeep_upgrade_killed_at_any_point_resumes,
    an_application_upgrade_killed_at_any_point_resumes,
    a_downgrade_killed_at_any_point_resumes,
];

/// Distance of the points at which an upgrade of chatkeep is killed.
const STEP: usize = 5;

fn a_chatkeep_upgrade_killed_at_any_point_resumes(store: &Store) {
    let folder = Folder::empty();
    // The migrations are similar and every point needs a new database, which is slow, so only some
    // points are tested.
    let kills = kill_at_every_point(store, &folder, STEP, Store::empty);
    assert!(
        STEP * kills > all(store.database().engine()).len(),
        "killed before each migration at least: {kills} times at every {STEP}th point"
    );
}

fn an_application_upgrade_killed_at_any_point_resumes(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let kills = kill_at_every_point(store, &folder, 1, Store::create);
    assert!(kills > 10, "killed before each statement at least: {kills}");
}

/// Ends the lease of a killed program, which is the lock on a Galera cluster, as its term of five
/// minutes would.
fn end_lease(fresh: &Store) {
    if !galera_urls().is_empty() {
        // There is none if the program was killed before.
        let _ = fresh
            .raw
            .try_execute("UPDATE chatkeep_migration_lease SET expires_at = UTC_TIMESTAMP(6)");
    }
}

/// Kills a process at every `step`-th point, each on a new database, and resumes its migrations.
/// Returns the number of killed processes.
fn kill_at_every_point(
    store: &Store,
    folder: &Folder,
    step: usize,
    create: fn(Engine) -> Store,
) -> usize {
    let path = folder.path().to_str().expect("a path in UTF-8");
    let has_application = folder.path().read_dir().expect("a folder").count() > 0;
    let mut kills = 0;
    for point in (1..).step_by(step) {
        let fresh = create(store.engine());
        let (status, _) = Program::start_with(&[fresh.raw.url(), path], Some(point)).end();
        if status.success() {
            break;
        }
        kills += 1;
        end_lease(&fresh);
        // The status reports pending work and changes nothing.
        let found = folder.on(&fresh).status().expect("the query succeeds");
        assert!(
            matches!(found.version(), SchemaVersion::Behind(_) | SchemaVersion::Dirty),
            "killed at {point}: {found:?}"
        );
        let ran = folder
            .on(&fresh)
            .upgrade("head")
            .unwrap_or_else(|error| panic!("killed at {point}: {error}"));
        assert!(!ran.is_empty(), "killed at {point}");
        if has_application {
            assert_all_applied(&fresh);
        }
        assert_eq!(differences(&folder.on(&fresh)), <[String; 0]>::default(), "killed at {point}");
        let found = folder.on(&fresh).status().expect("the query succeeds");
        assert_eq!(found.version(), SchemaVersion::Head, "killed at {point}");
        assert_eq!(fresh.count(), 0);
    }
    kills
}

fn a_downgrade_killed_at_any_point_resumes(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut kills = 0;
    for point in 1.. {
        let fresh = Store::create(store.engine());
        folder.on(&fresh).upgrade("head").expect("all migrations run");
        let (status, _) =
            Program::start_with(&[fresh.raw.url(), path, "add_email"], Some(point)).end();
        if status.success() {
            break;
        }
        kills += 1;
        end_lease(&fresh);
        let found = folder.on(&fresh).status().expect("the query succeeds").version();
        if found == SchemaVersion::Dirty {
            let error = folder.on(&fresh).upgrade("head").expect_err("a downgrade is incomplete");
            assert!(
                error.message().contains("chatkeep migrate downgrade"),
                "killed at {point}: {error}"
            );
        }
        let reverted = folder.on(&fresh).downgrade("add_email");
        let reverted = reverted.unwrap_or_else(|error| panic!("killed at {point}: {error}"));
        assert_eq!(reverted.len(), 1, "killed at {point}");
        assert_eq!(differences(&folder.on(&fresh)), <[String; 0]>::default(), "killed at {point}");
        assert!(fresh.raw.try_execute("SELECT * FROM counted").is_err(), "killed at {point}");
    }
    assert!(kills >= 3, "killed before each statement at least: {kills}");
}
