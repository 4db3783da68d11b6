//! Sessions of users: their secrets, creation, lookup, rotation and end.

mod create;
mod end;
mod find;
mod list;
mod record;
mod rotate;
mod rows;
mod secret;
mod touch;

pub use create::create;
pub use end::{End, delete_ended_batch, end_by_id, end_by_public_id, end_of_user};
pub use find::find;
pub use list::list;
pub use record::{
    CreatedSession, FoundSession, NewSession, Presented, RotatedSession, SessionCheck, SessionInfo,
    SessionPage, SessionReason,
};
pub use rotate::{GRACE, Rotation, find_and_end_reused, rotate};
pub(crate) use rows::Row as SessionRow;
pub use rows::{StoredSession, count_all, insert_with_ids, list_after_id};
pub use secret::SessionSecret;
pub use touch::{MIN_INTERVAL, SessionUse, touch};
