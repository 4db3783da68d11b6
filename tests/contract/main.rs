//! The contract: what chatkeep promises, tried on every engine with the same cases.
//!
//! - [`messages`], [`tokens`]: the cases, each a function that gets an empty [`store::Store`].
//! - [`asynchronous`]: the same calls, awaited.
//! - [`vectors`]: cases that every language must agree on, read from `tests/vectors/*.json`.
//! - [`model`]: random calls, compared with a model that is too simple to be wrong.
//! - [`schema`]: the migrations, and the tables that they make.
//! - [`migrations`]: running them, an application's too, taking them back, checking them, and what is left of a run that died.
//! - [`settings`]: every setting of the environment is one of the constructors.
//! - [`server_settings`]: servers, roles and tables that are set up in other ways than usual.
//! - [`sqlite_build`]: how SQLite is built in.
//!
//! Run them with servers: `chatkeep-testkit run --fast -- cargo nextest run -p chatkeep-contract`.

mod asynchronous;
mod every_engine;
mod messages;
mod migrations;
mod model;
mod program;
mod redaction;
mod schema;
mod server_settings;
mod settings;
mod sqlite_build;
mod store;
mod tokens;
mod vectors;
