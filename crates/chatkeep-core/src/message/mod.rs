//! The message log: the message types and every query on the table `messages`.

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
mod turns;
mod usage;

pub use analytics::{Analytics, AnalyticsFilter, analytics};
pub use by_id::{count_all, list_after_id, with_ids};
pub use cursor::Cursor;
pub(crate) use cursor::next_page;
pub use delete::{DeletedBatch, count_older_than, delete_batch_older_than, retention_cutoff};
pub(crate) use delete::{MessageOwner, delete_batch_of};
pub use filter::{MessageFilter, Order, Page};
pub(crate) use insert::check as check_message;
pub use insert::insert;
pub use insert_group::insert_group;
pub(crate) use insert_many::insert_in_transaction;
pub use insert_many::{check_many, insert_many};
pub use insert_with_ids::insert_with_ids;
pub use metadata_filter::MetadataFilter;
pub use new::{MAX_MODEL, MAX_PROVIDER, NewMessage};
pub use record::Message;
pub use search::{
    MAX_QUERY, SearchIndexState, create_search_index, drop_search_index, search,
    search_index_minimum, search_index_state,
};
pub use select::{CHUNK_BYTES, Chunk, count, get, list, list_after};
pub use totals::{
    CountingStep, LockedTotals, Sums, ToCount, TotalsCheck, TotalsDifference, Uncounted,
    advance_totals, catch_up, check_totals, count_imported, find_uncounted, is_count_due,
    rebuild_totals, reset_totals,
};
pub use usage::{MessageStatus, Usage};
