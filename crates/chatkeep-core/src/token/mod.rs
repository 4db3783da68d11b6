//! API tokens: their format, creation, storage and lookup.

mod base62;
mod find;
mod hash;
mod owner;
mod plain;
mod record;
mod rotate;
mod rows;
mod scopes;
mod secret;
mod store;

pub use find::{find, find_state, get, list};
pub use hash::TokenHash;
pub(crate) use hash::{hex, random_bytes};
pub use plain::PlainToken;
pub use record::{
    CreatedToken, FoundToken, NewToken, TokenCheck, TokenInfo, TokenReason, TokenState,
};
pub use rotate::{grace_end, rotate};
pub(crate) use rows::Row as TokenRow;
pub use rows::{
    StoredToken, count_all, existing_ids, insert_with_ids, insert_with_new_ids, list_after_id,
    with_hashes,
};
pub use scopes::{check_required_scopes, join_scopes};
pub(crate) use scopes::{has_scopes, split_scopes};
pub(crate) use secret::{Form, RANDOM_DIGITS, START, SecretFormat, digits, plain_secret};
pub use store::{
    MAX_DESCRIPTION, check_description, count_expired, create, delete_expired,
    delete_expired_batch, expiry, revoke, touch,
};
