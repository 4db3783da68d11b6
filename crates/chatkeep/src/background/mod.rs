//! What goes on behind the callers' backs: threads of chatkeep's own, and the account of what they still have to do.
//!
//! Threads start when something is handed in, and end when they have had nothing to do for a while. A child of a fork
//! starts its own.

mod calls;
mod crew;
mod errand;
mod exit;
mod progress;

pub(crate) use self::calls::Calls;
pub(crate) use self::crew::Crew;
pub(crate) use self::errand::Errand;
pub(crate) use self::progress::{Pending, Progress};
