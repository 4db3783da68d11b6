//! Tests of the API tokens.

mod creation;
mod expiry;
mod foreign;
mod index;
mod last_use;
mod reasons;
mod revocation;
