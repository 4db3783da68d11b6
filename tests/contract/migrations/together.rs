//! Twenty programs at once, with an application's migrations.

use chatkeep_core::migrations::all;

use super::folder::{Folder, assert_all_was_run, differences};
use crate::every_engine::on_every_engine;
use crate::program::Program;
use crate::store::Store;

on_every_engine![of_twenty_programs_with_an_application_one_runs_all];

fn of_twenty_programs_with_an_application_one_runs_all(store: &Store) {
    let folder = Folder::of_an_application(store.engine());
    let path = folder.path().to_str().expect("a path in UTF-8");
    let mut programs: Vec<_> = (0..20).map(|_| Program::start(&[store.raw.url(), path])).collect();
    programs.iter_mut().for_each(Program::go);
    let ran: Vec<_> = programs.into_iter().map(Program::finish).filter(|ran| !ran.is_empty()).collect();
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert_eq!(ran[0].len(), all(store.database().engine()).len() + 3);
    assert_all_was_run(store);
    assert_eq!(differences(&folder.on(store)), <[String; 0]>::default());
    assert_eq!(store.count(), 20);
}
