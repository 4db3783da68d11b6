//! Import, copy, backup and restore of chatkeep databases.
//!
//! - [`import_legacy`]: imports SQLite files of other chat programs, all rows or none.
//! - [`import_legacy_chats`]: imports their users and conversations.
//! - [`import_chats`]: imports the conversations of ChatGPT's and Claude's export files.
//! - [`copy`]: copies one database into another, between any two engines. [`compare`] checks that
//!   two databases have the same content.
//! - [`backup`] and [`restore`]: write and read an archive that works with every engine.
//!   [`backup_sqlite`] writes a SQLite file.
//!
//! Each function reports its progress to a callback; see [`Step`].
//!
//! The tables are a list (`table`). Rows are processed in batches of a few megabytes. One thread
//! reads (`reading`) and another stores (`target_writer`). On servers, a third thread reads the
//! committed rows back (`follower`).
//! A digest over all rows (`digest`) is computed on both sides.

mod archive;
mod backup;
mod chats;
mod compare;
mod content;
mod copy;
mod digest;
mod follower;
mod legacy;
mod legacy_chats;
mod operations;
mod output;
mod progress;
mod reading;
mod restore;
mod table;
mod target_writer;
#[cfg(test)]
mod third_table;

pub use archive::Manifest;
pub use backup::{BackupReport, backup, backup_sqlite};
pub use chatkeep_core::transfer::sync_folder;
pub use chats::{ChatImportOptions, ChatImportReport, ChatProblem, import_chats};
pub use compare::{Comparison, compare};
pub use content::{Content, TableContent};
pub use copy::{CopyOptions, CopyPlan, CopyReport, copy, plan_copy};
pub use legacy::{
    Counts, FileReport, ImportOptions, ImportReport, LegacyImport, Problem, UnknownColumn,
    default_files, has_legacy_log, import_legacy, import_legacy_except,
};
pub use legacy_chats::{LegacyChatsReport, LegacyCounts, LegacyProblem, import_legacy_chats};
pub use operations::{interfaces, operation};
pub use output::{refuse_database_file, refuse_leftover_companion, refuse_open_database_file};
pub use progress::{Phase, Step};
pub use restore::{RestoreReport, check_backup, restore};
pub use table::{RowCounts, TableRows, count_rows};
