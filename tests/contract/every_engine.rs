//! One case, one test for each engine, so that a failure names its engine.

use chatkeep_testkit::Engine;
pub(crate) use chatkeep_testkit::on_every_engine;

use crate::store::Store;

/// Runs a case on an empty database of its own. An engine that is rightly absent is passed over: the run's last lines
/// name the engines that took part.
pub(crate) fn run(engine: Engine, case: fn(&Store)) {
    if engine.is_available() {
        case(&Store::create(engine));
    }
}
