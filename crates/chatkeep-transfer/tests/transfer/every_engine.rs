//! One case, one test for each engine, so that a failure names its engine.

use chatkeep_testkit::Engine;

use crate::store::Store;

/// Makes a test of each function for each engine: `sqlite::name`, `postgresql::name`, `mariadb::name`, `mysql::name`.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $case() { crate::every_engine::run(chatkeep_testkit::Engine::Sqlite, super::$case) })+
        }
        mod postgresql {
            $(#[test] fn $case() { crate::every_engine::run(chatkeep_testkit::Engine::PostgreSql, super::$case) })+
        }
        mod mariadb {
            $(#[test] fn $case() { crate::every_engine::run(chatkeep_testkit::Engine::MariaDb, super::$case) })+
        }
        mod mysql {
            $(#[test] fn $case() { crate::every_engine::run(chatkeep_testkit::Engine::MySql, super::$case) })+
        }
    };
}

pub(crate) use on_every_engine;

/// Runs a case on an empty database of its own. An engine that is rightly absent is passed over: the run's last lines
/// name the engines that took part.
pub(crate) fn run(engine: Engine, case: fn(&Store)) {
    if engine.is_available() {
        case(&Store::create(engine));
    }
}
