//! The contract suite: runs the same cases against every engine.
//!
//! - [`messages`], [`tokens`], [`users`], [`sessions`], [`audit`], [`conversations`], [`streams`],
//!   [`graph`], [`memory`], [`app_settings`], [`providers`], [`routing`], [`routing_policies`],
//!   [`credentials`], [`tasks`]: the cases, each a function that receives an empty
//!   [`store::Store`].
//! - [`asynchronous`]: the asynchronous API, compared with the blocking one.
//! - [`vectors`]: cases shared by all languages, read from `tests/vectors/*.json`.
//! - [`model`]: random calls, compared with a simple in-memory model.
//! - [`schema`]: the migrations and the tables that they create.
//! - [`migrations`]: running, reverting, adopting and checking migrations, an application's
//!   included, and recovery of interrupted runs.
//! - [`plans`]: checks of query plans, for the cases.
//! - [`scale`]: pages of many users and conversations.
//! - [`settings`]: every environment variable has a constructor argument.
//! - [`server_settings`]: servers, roles and tables with unusual settings.
//! - [`sqlite_build`]: the compile-time options of the bundled SQLite.
//!
//! To run it with servers: `chatkeep-testkit run --fast -- cargo nextest run -p chatkeep-contract`.

mod app_settings;
mod asynchronous;
mod audit;
mod conversations;
mod credentials;
mod every_engine;
mod graph;
mod memory;
mod messages;
mod migrations;
mod model;
mod plans;
mod program;
mod providers;
mod redaction;
mod routing;
mod routing_policies;
mod scale;
mod schema;
mod server_settings;
mod sessions;
mod settings;
mod sqlite_build;
mod store;
mod streams;
mod tasks;
mod tokens;
mod users;
mod vectors;
