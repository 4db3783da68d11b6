//! What the messages add up to by hour, day and month, provider and model, so that statistics need not read every message.
//!
//! Whoever writes a message leaves the totals alone: the log itself says what is still to be counted. Table
//! `message_counting` tells up to which id messages are in `message_totals`, and a reader adds those behind it. Every
//! few thousand ids it is time to count on, in a transaction of its own that changes totals and mark together. So writers never queue for a row of totals, the totals are exact at any moment, and rows that another
//! program wrote count like ours.
//!
//! Ids are given in order, but committed in any: a message may turn up whose id the mark has passed. `settled` tells
//! whether that can be; where it can, `gaps` remembers the ids that were missing, and a reader looks there too. A deletion takes what it deletes out of the totals, in its own transaction.

mod check;
mod count;
mod gaps;
mod grouped;
mod kept;
mod moved;
mod settled;
mod span;
mod store;
mod sums;

pub use check::{TotalsCheck, TotalsDifference, check_totals};
pub use count::{
    CountingStep, ToCount, Uncounted, catch_up, count_on, is_time_to_count, look_for_uncounted,
    rebuild_totals,
};
pub(super) use count::{Deleted, take_out};
pub(super) use gaps::{Gap, gaps, turned_up};
pub(super) use grouped::{Rows, add_up};
pub(super) use kept::{kept_by_name, kept_by_start};
pub use moved::{HeldTotals, count_moved, forget_totals};
pub(super) use span::Span;
pub(super) use store::{IfHeld, counted_to, hold_mark};
pub use sums::Sums;
pub(super) use sums::{DAY, UNKNOWN, start_of};
