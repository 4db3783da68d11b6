//! API tokens: what one is, how it is made and kept, and every question that is asked of the table.

mod base62;
mod hash;
mod plain;
mod record;
mod store;

pub use hash::TokenHash;
pub(crate) use hash::{hex, random_bytes};
pub use plain::PlainToken;
pub use record::{CreatedToken, TokenCheck, TokenInfo, TokenReason};
pub use store::{check_description, create, delete_expired, expiry, find, get, list, revoke, touch};
