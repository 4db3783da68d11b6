//! The schema's versions: which there are, which the database has, and how it gets the others.

mod embedded;
mod history;
mod lock;
mod runner;

pub use embedded::{Migration, all};
pub use history::{AppliedMigration, MigrationStatus, SchemaVersion, look, status};
pub use runner::{ensure, upgrade};
