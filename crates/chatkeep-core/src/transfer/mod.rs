//! What moving all rows from one database to another needs of the engines, beside reading and writing the rows.

mod emptying;
mod ends;
mod other_writers;
mod sequence;
mod sqlite_file;
mod sync_folder;
mod unfinished;

pub use emptying::empty;
pub use ends::{open_follower, open_source, open_target, peek};
pub use other_writers::{are_writers_held_off, hold_off_writers, reserve_ids};
pub use sequence::{IdsOf, next_id, pass_ids_in_use, set_next_id};
pub(crate) use sqlite_file::integrity;
pub use sqlite_file::{check_sqlite_file, copy_sqlite_file, is_sqlite_file, reclaim};
pub use sync_folder::sync_folder;
pub use unfinished::{
    Unfinished, begin, begin_emptying, finish, hold_unfinished, refuse_unfinished, unfinished,
    update,
};
