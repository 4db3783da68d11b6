//! The schema's versions: which there are, which the database has, and how it gets the others.
//!
//! - `embedded`, `folder`, `set`: chatkeep's own migrations, an application's, and both in their order.
//! - `statements`, `script`: what their files say.
//! - `history`, `status`: the table `chatkeep_migrations`, and what is wrong with it.
//! - `lock`, `lease`, `runner`, `steps`, `back`: running them, once, and taking them back.
//! - `catalog`, `check`: what a schema is like, and how it differs from what it should be.
//! - `adopt`: taking over the tables of an SQLAlchemy program.
//! - `offline`: the script for somebody else to run. `new`: the folders of a new migration.

mod adopt;
mod back;
mod catalog;
mod check;
mod embedded;
mod failpoint;
mod folder;
mod history;
mod lease;
mod lock;
mod migration;
mod new;
mod offline;
mod runner;
mod schemas;
mod script;
mod set;
mod statements;
mod status;
mod steps;

pub use adopt::{Adoption, adopt, copy_sqlite};
pub use check::{SchemaCheck, SchemaDifference, check};
pub use embedded::all;
pub use migration::{Line, Migration};
pub use new::new_migration;
pub use offline::{pending_sql, sql};
pub use runner::{Runner, ensure, upgrade};
pub use schemas::{Schemas, schemas};
pub use set::MigrationSet;
pub use status::{
    AppliedMigration, HistoryEntry, MigrationState, MigrationStatus, SchemaVersion, look, status,
    status_of,
};
