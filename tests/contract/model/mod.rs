//! Random calls, made on every engine and on a model that stores everything in lists: both must
//! return the same results.

mod calls;
mod expected;
mod properties;
mod sessions;
