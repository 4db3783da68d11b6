//! The fault suite: what callers get when settings are wrong, servers are slow, full, read-only or gone, files are
//! damaged, and connections break at the worst moment.
//!
//! Every case asks the same: one typed error that says what is wrong, within the deadline, without a secret in it;
//! nothing stored that was not acknowledged; and that everything works again when the fault is over.

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

/// One test for each server, so that a failure names it and they run side by side.
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
                // Only MySQL may be absent; the run says so in its last lines.
                if Engine::MySql.is_available() {
                    super::$case(Engine::MySql);
                }
            }
        }
    )+};
}
use on_each_server;

/// One test for each server, and one for SQLite.
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
                // Only MySQL may be absent; the run says so in its last lines.
                if Engine::MySql.is_available() {
                    super::$case(Engine::MySql);
                }
            }
        }
    )+};
}
use on_each_engine;
