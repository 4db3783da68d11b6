//! Totals of messages by hour, day and month, provider and model. With them, statistics need not
//! read every message.
//!
//! Inserts do not update the totals. Table `message_counting` holds a watermark: the id up to which
//! messages are counted in `message_totals`. A reader adds the messages after it. Every few
//! thousand ids a separate transaction advances totals and watermark together. So inserts never
//! wait for a lock on totals, statistics are always exact, and rows of other programs are counted
//! too.
//!
//! Ids are assigned in order, but may be committed in another. A message may become visible after
//! the watermark has passed its id. `commit_visibility` determines whether that is possible. If so,
//! `gaps` records the missing ids, and readers also look there. A deletion subtracts the deleted
//! messages from the totals in its own transaction.

mod check;
mod commit_visibility;
mod count;
mod gaps;
mod grouped;
mod imported;
mod span;
mod store;
mod stored_totals;
mod sums;

pub use check::{TotalsCheck, TotalsDifference, check_totals};
pub use count::{
    CountingStep, ToCount, Uncounted, advance_totals, catch_up, find_uncounted, is_count_due,
    rebuild_totals,
};
pub(super) use count::{Deleted, subtract_deleted};
pub(super) use gaps::{Gap, found_in_gaps, gaps};
pub(super) use grouped::{Owner, Rows, add_up};
pub use imported::{LockedTotals, count_imported, reset_totals};
pub(super) use span::Span;
pub(super) use store::{IfLocked, Watermark, counted_to, lock_watermark};
pub(super) use stored_totals::{stored_by_name, stored_by_start};
pub use sums::Sums;
pub(super) use sums::{DAY, UNKNOWN, start_of};
