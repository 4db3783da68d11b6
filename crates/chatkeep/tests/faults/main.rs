//! The fault suite: wrong settings, slow, full, read-only and unavailable servers, damaged files,
//! and connections that break during a commit.
//!
//! Every case checks the same properties. The call returns one typed error that names the cause,
//! within the deadline and without secrets. Only acknowledged messages are stored. Calls work again
//! after the fault.

mod accounts;
mod choosing;
mod conflict;
mod connecting;
mod corrupt;
mod deadline;
mod disk_full;
mod dns;
mod exhausted;
mod exit;
mod failing;
mod fork;
mod holding;
mod interrupted;
mod killed;
mod large;
mod login;
mod lost;
mod no_tls;
mod opening;
mod password;
mod pooler;
mod protocol;
mod read_only_file;
mod read_only_server;
mod removed_file;
mod restart;
mod runtime;
mod schema;
mod silent;
mod standby;
mod threads;
mod tls;
mod url;

use chatkeep_testkit::Engine;

/// Runs a case, unless the engine is absent by choice.
fn run(engine: Engine, case: fn(Engine)) {
    if engine.is_available() {
        case(engine);
    }
}

/// Defines one test per server, so that a failure names it and they run in parallel.
macro_rules! on_each_server {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            use chatkeep_testkit::Engine;

            #[test]
            fn postgresql() {
                crate::run(Engine::PostgreSql, super::$case);
            }

            #[test]
            fn mariadb() {
                crate::run(Engine::MariaDb, super::$case);
            }

            #[test]
            fn mysql() {
                crate::run(Engine::MySql, super::$case);
            }
        }
    )+};
}
use on_each_server;

/// Defines one test per server, and one for SQLite.
macro_rules! on_each_engine {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            use chatkeep_testkit::Engine;

            #[test]
            fn sqlite() {
                crate::run(Engine::Sqlite, super::$case);
            }

            #[test]
            fn postgresql() {
                crate::run(Engine::PostgreSql, super::$case);
            }

            #[test]
            fn mariadb() {
                crate::run(Engine::MariaDb, super::$case);
            }

            #[test]
            fn mysql() {
                crate::run(Engine::MySql, super::$case);
            }
        }
    )+};
}
use on_each_engine;
