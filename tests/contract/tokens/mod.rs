//! The API tokens.

mod creation;
mod expiry;
mod foreign;
mod index;
mod last_use;
mod revocation;
mod verdict;
