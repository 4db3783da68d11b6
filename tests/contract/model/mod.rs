//! Random calls, made on every engine and on a model that keeps everything in a list: both must answer the same.

mod calls;
mod expected;
mod properties;
