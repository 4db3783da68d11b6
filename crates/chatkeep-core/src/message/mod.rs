//! The message log: what a message is, and every question that is asked of the table.

mod analytics;
mod by_id;
mod cursor;
mod delete;
mod filter;
mod insert;
mod insert_arrays;
mod insert_group;
mod insert_many;
mod insert_values;
mod insert_with_ids;
mod metadata_filter;
mod new;
mod new_json;
pub(crate) mod record;
mod row;
pub(crate) mod search;
mod select;
mod totals;

pub use analytics::{Analytics, analytics};
pub use by_id::{behind, count_all, with_ids};
pub use cursor::Cursor;
pub use delete::{DeletedBatch, count_older_than, delete_batch_older_than, oldest_kept};
pub use filter::{MAX_LIMIT, MessageFilter, Order, Page};
pub use insert::insert;
pub use insert_group::insert_group;
pub use insert_many::{check_many, insert_many};
pub use insert_with_ids::insert_with_ids;
pub use metadata_filter::MetadataFilter;
pub(crate) use new::check_name;
pub use new::{MAX_MODEL, MAX_PROVIDER, MAX_ROW_BYTES, NewMessage};
pub use record::Message;
pub use search::{
    MAX_QUERY, SearchIndexState, create_search_index, drop_search_index, search,
    search_index_minimum, search_index_state,
};
pub use select::{PIECE_BYTES, Piece, after, count, get, list};
pub use totals::{
    CountingStep, HeldTotals, Sums, ToCount, TotalsCheck, TotalsDifference, Uncounted, catch_up,
    check_totals, count_moved, count_on, forget_totals, is_time_to_count, look_for_uncounted,
    rebuild_totals,
};
