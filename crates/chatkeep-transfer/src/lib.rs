//! Data in and out of chatkeep: what other programs left behind, from one engine to another, backup and restore.
//!
//! - [`import_legacy`]: SQLite files of other chat programs, taken over row by row, all or nothing.
//! - [`copy`]: from one database to another, whatever their engines; [`compare`] tells whether they hold the same.
//! - [`backup`] and [`restore`]: an archive that every engine writes and reads; [`backup_sqlite`]: a SQLite file.
//!
//! Each call tells how far it is through a function that it is given; see [`Step`].
//!
//! Rows travel in batches of a few megabytes: one thread reads (`reading`), another stores (`filling`), on servers a third
//! one reads back what stands there (`following`), and a digest of all rows (`digest`) is taken on both sides.

mod archive;
mod backup;
mod batch;
mod compare;
mod copy;
mod digest;
mod filling;
mod following;
mod legacy;
mod output;
mod progress;
mod reading;
mod restore;

pub use archive::Manifest;
pub use backup::{BackupReport, backup, backup_sqlite};
pub use chatkeep_core::transfer::sync_folder;
pub use compare::{Comparison, compare};
pub use copy::{CopyOptions, CopyPlan, CopyReport, copy, plan_copy};
pub use digest::{Content, TableContent};
pub use legacy::{
    Counts, FileReport, ImportOptions, ImportReport, MovingIn, Problem, UnknownColumn,
    default_files, import_legacy,
};
pub use output::{refuse_database_file, refuse_leftover_companion, refuse_open_database_file};
pub use progress::{Phase, Step};
pub use restore::{RestoreReport, check_backup, restore};
