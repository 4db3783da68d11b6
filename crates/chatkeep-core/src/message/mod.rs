//! The message log: what a message is, and every question that is asked of the table.

mod analytics;
mod cursor;
mod delete;
mod filter;
mod insert;
mod insert_many;
mod metadata_filter;
mod new;
mod new_json;
mod record;
pub(crate) mod search;
mod select;
mod totals;

pub use analytics::{Analytics, analytics};
pub use cursor::Cursor;
pub use delete::{DeletedBatch, count_older_than, delete_batch_older_than, oldest_kept};
pub use filter::{MAX_LIMIT, MessageFilter, Order, Page};
pub use insert::insert;
pub use insert_many::{check_many, insert_many};
pub use metadata_filter::MetadataFilter;
pub(crate) use new::check_name;
pub use new::{MAX_ROW_BYTES, NewMessage};
pub use record::Message;
pub use search::{
    MAX_QUERY, SearchIndexState, create_search_index, drop_search_index, search, search_index_state,
};
pub use select::{after, count, get, list};
pub use totals::{
    CountingStep, Sums, TotalsCheck, TotalsDifference, catch_up, check_totals, count_on, is_time_to_count,
    rebuild_totals,
};
