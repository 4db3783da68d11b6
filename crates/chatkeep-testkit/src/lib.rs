//! Throw-away database servers, databases and a fault proxy for tests.
//!
//! The `chatkeep-testkit` command starts private PostgreSQL, MariaDB and MySQL servers in a
//! temporary folder, runs a command with their addresses in its environment, and always stops them:
//!
//! ```text
//! cargo run -p chatkeep-testkit -- run --fast -- cargo nextest run
//! ```
//!
//! The library is for the tests that this command runs:
//!
//! - [`Engine::available`] returns the engines to test.
//! - [`TestDatabase`] is an empty database used by one test only.
//! - [`Server`] is a private server that a test can stop, kill and freeze.
//! - [`GaleraCluster`] is a private cluster of three servers.
//! - [`FaultProxy`] is a proxy between a client and a server that breaks connections on demand.
//! - [`PgBouncer`] is a connection pooler in front of a PostgreSQL database.
//! - [`scenarios`] runs the scenarios that all languages share.
//!
//! Since it is for tests only, every failure panics with a message that suggests a remedy. Every
//! call blocks, has a time limit, and may be made from inside an async test.

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
pub mod scenarios;
mod script;
mod server;
mod template;
mod url;

pub use database::TestDatabase;
pub use engine::Engine;
pub use environment::galera_urls;
pub use galera::GaleraCluster;
pub use pgbouncer::PgBouncer;
pub use proxy::{Deliver, FaultProxy};
pub use server::{Server, ServerBuilder};
