//! The API tokens.

mod creation;
mod expiry;
mod foreign;
mod last_use;
mod revocation;
mod verdict;
