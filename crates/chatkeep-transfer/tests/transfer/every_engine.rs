//! Runs each case as one test per engine, so that the name of a failed test includes its engine.

use chatkeep_testkit::Engine;
pub(crate) use chatkeep_testkit::on_every_engine;

use crate::store::Store;

/// Runs a case on a new empty database. Engines that are not available are skipped; the last lines
/// of the test run name the engines that took part.
pub(crate) fn run(engine: Engine, case: fn(&Store)) {
    if engine.is_available() {
        case(&Store::create(engine));
    }
}
