//! All data that is stored about a user: its export and its erasure.
//!
//! A new table is added to `SECTIONS` (`sections.rs`) and to `STAGES` (`erase.rs`), or to
//! [`WITHOUT_PERSONAL_DATA`]. A test compares them with the list of all tables.

/// The namespaces of the threads of a user.
macro_rules! namespaces {
    ($person:ident) => {
        graph_namespaces::table
            .inner_join(graph_threads::table)
            .filter(graph_threads::user_id.eq($person.id))
            .select(graph_namespaces::id)
    };
}

mod erase;
mod export;
mod export_cursor;
mod person;
mod sections;
mod settings;

pub use erase::{ErasureStep, UserErasure, erase_step, tables as erased_tables};
pub use export::{UserExport, export, tables as exported_tables};
pub use export_cursor::ExportCursor;
pub use person::{Person, find_person};

/// Tables whose rows belong to no user of chatkeep.
///
/// The application names the namespaces of `graph_memories`, so only it knows those of a person. It
/// exports them with `search_memories`, and deletes them with `delete_memories_under`. Providers,
/// models, policies and the totals of requests belong to the application.
pub const WITHOUT_PERSONAL_DATA: &[&str] = &[
    "graph_memories",
    "chat_providers",
    "chat_models",
    "chat_model_defaults",
    "chat_provider_policies",
    "chat_routing_totals",
];
