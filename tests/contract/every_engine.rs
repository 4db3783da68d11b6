//! Expands each case to one test per engine, so that a failure names its engine.

use chatkeep_testkit::Engine;
pub(crate) use chatkeep_testkit::on_every_engine;

use crate::store::Store;

/// Runs a case on a new database with the schema. An engine that is absent by choice is skipped:
/// the last lines of a test run name the engines that took part.
pub(crate) fn run(engine: Engine, case: fn(&Store)) {
    if engine.is_available() {
        case(&Store::create(engine));
    }
}

/// Runs a case on a new database without tables, to which the case brings its own schema.
pub(crate) fn run_empty(engine: Engine, case: fn(&Store)) {
    if engine.is_available() {
        case(&Store::empty(engine));
    }
}
