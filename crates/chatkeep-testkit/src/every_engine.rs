//! Expands a test function into one test per engine, so that a failure names its engine.

/// Defines a test of each function for each engine: `sqlite::name`, `postgresql::name`,
/// `mariadb::name`, `mysql::name`.
///
/// The test program must define a function `crate::every_engine::run(engine, function)`, which
/// calls the function with a new database of the engine. `on_every_engine![other => …]` calls the
/// function `other` of that module instead.
#[expect(clippy::crate_in_macro_def, reason = "each test program defines its own run")]
#[macro_export]
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        $crate::on_every_engine![run => $($case),+];
    };
    ($run:ident => $($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $case() { crate::every_engine::$run($crate::Engine::Sqlite, super::$case) })+
        }
        mod postgresql {
            $(#[test] fn $case() { crate::every_engine::$run($crate::Engine::PostgreSql, super::$case) })+
        }
        mod mariadb {
            $(#[test] fn $case() { crate::every_engine::$run($crate::Engine::MariaDb, super::$case) })+
        }
        mod mysql {
            $(#[test] fn $case() { crate::every_engine::$run($crate::Engine::MySql, super::$case) })+
        }
    };
}
