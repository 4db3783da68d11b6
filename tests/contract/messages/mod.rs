//! Tests of the message log.

mod analytics;
mod batches;
mod export;
mod exported_lines;
mod filters;
mod id_steps;
mod iteration;
mod metadata_filters;
mod metadata_form;
mod names;
mod order;
mod paging;
mod retention;
mod search;
mod search_case;
mod search_index;
mod search_scripts;
mod text;
mod timestamps;
pub(crate) mod totals;
mod totals_concurrency;
mod totals_gaps;
mod totals_upgrade;
mod usage;
mod writers;
