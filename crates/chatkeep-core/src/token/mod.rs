//! API tokens: what one is, how it is made and kept, and every question that is asked of the table.

mod base62;
mod hash;
mod plain;
mod record;
mod rows;
mod store;

pub use hash::TokenHash;
pub(crate) use hash::{hex, random_bytes};
pub use plain::PlainToken;
pub use record::{CreatedToken, TokenCheck, TokenInfo, TokenReason, TokenState};
pub use rows::{
    StoredToken, behind, count_all, insert_with_ids, insert_with_new_ids, taken_ids, with_hashes,
};
pub use store::{
    MAX_DESCRIPTION, check_description, count_expired, create, delete_expired,
    delete_expired_batch, expiry, find, find_state, get, list, revoke, touch,
};
