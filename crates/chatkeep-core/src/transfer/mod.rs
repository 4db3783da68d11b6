//! Engine-specific operations for transferring a whole database, other than reading and writing
//! rows.

mod endpoints;
mod other_writers;
mod sequence;
mod sqlite_backup;
mod sqlite_file;
mod stored_row;
mod sync_folder;
mod truncate;
mod unfinished;
mod unfinished_row;

pub use endpoints::{open_follower, open_source, open_target, peek};
pub use other_writers::{are_writers_blocked, block_writers, reserve_ids};
pub use sequence::{next_id, set_next_id, skip_ids_in_use};
pub use sqlite_backup::SqliteBackup;
pub(crate) use sqlite_file::integrity;
pub use sqlite_file::{check_sqlite_file, copy_sqlite_file, is_sqlite_file, reclaim};
pub use stored_row::StoredRow;
pub(crate) use stored_row::stored_rows;
pub use sync_folder::sync_folder;
pub use truncate::truncate;
pub use unfinished::{
    TableProgress, Unfinished, add_missing_tables, begin, begin_truncate, finish, lock_unfinished,
    refuse_unfinished, unfinished, update,
};
pub(crate) use unfinished_row::UnfinishedRow;
