//! Schema migrations: their sources, the state of a database, and running them.
//!
//! - `embedded`, `folder`, `set`: chatkeep's own migrations, an application's, and both in order.
//! - `statements`, `script`: parsing of migration files.
//! - `history`, `status`: the table `chatkeep_migrations`, and validation of its contents.
//! - `lock`, `lease`, `runner`, `steps`, `downgrade`: running migrations exactly once, and
//!   reverting them. `stamp`: recording them without running them.
//! - `catalog`, `check`: description of a live schema, and comparison with the expected one.
//! - `adopt`: conversion of tables created by SQLAlchemy.
//! - `offline`: SQL scripts to run with another client. `new`: files of a new migration.

mod adopt;
mod catalog;
mod check;
mod deadlock;
mod downgrade;
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
mod stamp;
mod statements;
mod status;
mod steps;

pub use adopt::{Adoption, adopt, copy_sqlite};
pub use check::{SchemaCheck, SchemaDifference, check};
pub use embedded::all;
pub use migration::{Migration, Owner};
pub use new::new_migration;
pub use offline::{pending_sql, sql};
pub use runner::{Runner, ensure, upgrade};
pub use schemas::{Schemas, schemas};
pub use set::MigrationSet;
pub use status::{
    AppliedMigration, HistoryEntry, MigrationState, MigrationStatus, PendingMigration,
    SchemaVersion, schema_version, status, status_of,
};
