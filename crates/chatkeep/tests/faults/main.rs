//! The fault suite: wrong settings, slow, full, read-only and unavailable servers, damaged files,
//! and connections that break during a commit.
//!
//! Every case checks the same properties. The call returns one typed error that names the cause,
//! within the deadline and without secrets. Only acknowledged messages are stored. Calls work again
//! after the fault.

mod accounts;
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

/// Defines one test per server, so that a failure names it and they run in parallel.
macro_rules! on_each_server {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            use chatkeep_testkit::Engine;

            #[test]
            fn postgresql() {
                super::$case(Engine::PostgreSql);
            }

            #[test]
            fn mariadb() {
                super::$case(Engine::MariaDb);
            }

            #[test]
            fn mysql() {
                // Only MySQL may be missing; the test run reports it at the end.
                if Engine::MySql.is_available() {
                    super::$case(Engine::MySql);
                }
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
                super::$case(Engine::Sqlite);
            }

            #[test]
            fn postgresql() {
                super::$case(Engine::PostgreSql);
            }

            #[test]
            fn mariadb() {
                super::$case(Engine::MariaDb);
            }

            #[test]
            fn mysql() {
                // Only MySQL may be missing; the test run reports it at the end.
                if Engine::MySql.is_available() {
                    super::$case(Engine::MySql);
                }
            }
        }
    )+};
}
use on_each_engine;
