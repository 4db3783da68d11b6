//! What chatkeep stores and how it is asked for.
//!
//! This crate knows the database engines, and is the only one that does: URLs, connections, schema, migrations, models
//! and every query. It opens single connections and blocks; pooling is `chatkeep-pool`'s, and the calls that programs make
//! are `chatkeep`'s, which is the crate to use.
//!
//! - [`DatabaseUrl`]: where the data is.
//! - [`Connection`]: one connection, whatever its engine; every call has a deadline.
//! - [`migrations`]: the schema's versions.
//! - [`messages`], [`tokens`]: every question that can be asked, and every change that can be made.
//! - [`Timestamp`], [`Metadata`]: values that are the same on every engine.
//! - [`Error`]: one error, with a kind.

mod connection;
pub mod deadline;
mod engine;
mod error;
mod fault;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod identity;
pub mod interruption;
pub mod legacy;
mod message;
pub mod migrations;
mod schema;
mod token;
pub mod transfer;
pub mod url;
mod value;

pub use connection::{ConnectOptions, Connection, Role};
pub use engine::Engine;
pub use error::{Error, ErrorKind, Result, SchemaState};
pub use message::{
    Analytics, CountingStep, Cursor, MAX_LIMIT, MAX_MODEL, MAX_PROVIDER, MAX_QUERY, MAX_ROW_BYTES,
    Message, MessageFilter, MetadataFilter, NewMessage, Order, Page, SearchIndexState, Sums,
    ToCount, TotalsCheck, TotalsDifference, Uncounted,
};
pub use token::{
    CreatedToken, PlainToken, TokenCheck, TokenHash, TokenInfo, TokenReason, TokenState,
};
pub use url::DatabaseUrl;
pub use value::{Metadata, Timestamp};

/// The message log's table: reading, writing, searching, adding up.
pub mod messages {
    pub use crate::message::{
        DeletedBatch, HeldTotals, PIECE_BYTES, Piece, after, analytics, behind, catch_up,
        check_many, check_totals, count, count_all, count_moved, count_older_than, count_on,
        create_search_index, delete_batch_older_than, drop_search_index, forget_totals, get,
        insert, insert_group, insert_many, insert_with_ids, is_time_to_count, list,
        look_for_uncounted, oldest_kept, rebuild_totals, search, search_index_minimum,
        search_index_state, with_ids,
    };
}

/// The token table: making, finding, revoking.
pub mod tokens {
    pub use crate::token::{
        MAX_DESCRIPTION, StoredToken, behind, check_description, count_all, count_expired, create,
        delete_expired, delete_expired_batch, expiry, find, find_state, get, insert_with_ids,
        insert_with_new_ids, list, revoke, taken_ids, touch, with_hashes,
    };
}
