//! Throw-away database servers, databases and a fault proxy for tests.
//!
//! The `chatkeep-testkit` command starts private PostgreSQL, MariaDB and MySQL servers in a temporary folder, runs a
//! command with their addresses in its environment, and stops them whatever happens:
//!
//! ```text
//! cargo run -p chatkeep-testkit -- run --fast -- cargo nextest run
//! ```
//!
//! The library is what the tests in that command use: [`Engine::available`] says which engines there are,
//! [`TestDatabase`] is one test's own empty database, [`Server`] is one test's own server, to be stopped, killed and
//! frozen, [`GaleraCluster`] is three of them in one cluster, and [`FaultProxy`] stands between a client and a server and breaks connections at a chosen moment. [`PgBouncer`] is a pooler before a PostgreSQL database.
//!
//! All of it is for tests, so whatever fails here panics with a message that says what to do. Every call blocks, has a
//! time limit, and may be made from inside an async test.

mod certificate;
mod client;
mod database;
mod engine;
mod engines;
mod environment;
mod every_engine;
mod failure;
mod galera;
mod home;
mod instance;
mod launch;
mod pgbouncer;
mod port;
mod proxy;
pub mod runner;
mod script;
mod server;
mod url;

pub use database::TestDatabase;
pub use engine::Engine;
pub use galera::GaleraCluster;
pub use pgbouncer::PgBouncer;
pub use proxy::{Deliver, FaultProxy};
pub use server::{Server, ServerBuilder};
