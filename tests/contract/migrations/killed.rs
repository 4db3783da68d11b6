//! Programs that die while they migrate, at every place between two effects.

use chatkeep_core::migrations::{SchemaVersion, all};

use super::folder::{Folder, assert_all_was_run, differences};
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::Store;

on_every_engine![
    a_run_of_chatkeeps_own_that_died_anywhere_is_gone_on_with,
    a_run_of_an_applications_that_died_anywhere_is_gone_on_with,
    a_way_back_that_died_anywhere_is_gone_on_with,
];

fn a_run_of_chatkeeps_own_that_died_anywhere_is_gone_on_with(store: &Store) {
    let folder = Folder::empty();
    // They are much alike, and a database each takes its time: every third place has to do.
    let deaths = die_everywhere(store, &folder, 3, |_| {});
    assert!(
        3 * deaths > all(store.database().engine()).len(),
        "before each migration at the least: {deaths}"
    );
}

fn a_run_of_an_applications_that_died_anywhere_is_gone_on_with(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let deaths = die_everywhere(store, &folder, 1, |fresh| {
        fresh.database().upgrade().expect("chatkeep's own are run");
    });
    assert!(deaths > 10, "before each statement at the least: {deaths}");
}

/// Has programs die at every place, each on a database of its own, and goes on with what they left. How many have died
/// comes back.
fn die_everywhere(store: &Store, folder: &Folder, step: usize, prepare: fn(&Store)) -> usize {
    let path = folder.path().to_str().expect("a path in UTF-8");
    let has_application = folder.path().read_dir().expect("a folder").count() > 0;
    let mut deaths = 0;
    for place in (1..).step_by(step) {
        let fresh = Store::create(store.engine());
        prepare(&fresh);
        let (status, _) = Program::start_with(&[fresh.raw.url(), path], Some(place)).end();
        if status.success() {
            break;
        }
        deaths += 1;
        // A look tells that something is left to do, and changes nothing.
        let found = folder.on(&fresh).status().expect("the database answers");
        assert!(
            matches!(found.version(), SchemaVersion::Behind(_) | SchemaVersion::Dirty),
            "died at {place}: {found:?}"
        );
        let ran = folder
            .on(&fresh)
            .upgrade("head")
            .unwrap_or_else(|error| panic!("died at {place}: {error}"));
        assert!(!ran.is_empty(), "died at {place}");
        if has_application {
            assert_all_was_run(&fresh);
        }
        assert_eq!(differences(&folder.on(&fresh)), <[String; 0]>::default(), "died at {place}");
        let found = folder.on(&fresh).status().expect("the database answers");
        assert_eq!(found.version(), SchemaVersion::Head, "died at {place}");
        assert_eq!(fresh.count(), 0);
    }
    deaths
}

fn a_way_back_that_died_anywhere_is_gone_on_with(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut deaths = 0;
    for place in 1.. {
        let fresh = Store::create(store.engine());
        folder.on(&fresh).upgrade("head").expect("all are run");
        let (status, _) =
            Program::start_with(&[fresh.raw.url(), path, "add_email"], Some(place)).end();
        if status.success() {
            break;
        }
        deaths += 1;
        let found = folder.on(&fresh).status().expect("the database answers").version();
        if found == SchemaVersion::Dirty {
            let error = folder.on(&fresh).upgrade("head").expect_err("it is on its way back");
            assert!(
                error.message().contains("chatkeep migrate downgrade"),
                "died at {place}: {error}"
            );
        }
        let back = folder.on(&fresh).downgrade("add_email");
        let back = back.unwrap_or_else(|error| panic!("died at {place}: {error}"));
        assert_eq!(back.len(), 1, "died at {place}");
        assert_eq!(differences(&folder.on(&fresh)), <[String; 0]>::default(), "died at {place}");
        assert!(fresh.raw.try_execute("SELECT * FROM counted").is_err(), "died at {place}");
    }
    assert!(deaths >= 3, "before each statement at the least: {deaths}");
}
