//! Tests of the API tokens.

mod creation;
mod expiry;
mod foreign;
mod index;
mod last_use;
mod owner;
mod reasons;
mod revocation;
mod rotation;
mod scopes;
