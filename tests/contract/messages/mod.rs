//! The message log.

mod analytics;
mod batches;
mod export;
mod filters;
mod id_steps;
mod iteration;
mod metadata_filters;
mod metadata_form;
mod names;
mod order;
mod paging;
mod real_lines;
mod retention;
mod search;
mod search_case;
mod search_index;
mod search_scripts;
mod text;
mod timestamps;
mod totals;
mod totals_ahead;
mod totals_upgrade;
mod writers;
