//! API tokens: their format, creation, storage and lookup.

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
    StoredToken, count_all, existing_ids, insert_with_ids, insert_with_new_ids, list_after_id,
    with_hashes,
};
pub use store::{
    MAX_DESCRIPTION, check_description, count_expired, create, delete_expired,
    delete_expired_batch, expiry, find, find_state, get, list, revoke, touch,
};
