//! The pool's current usage.

use std::ops::Add;

use chatkeep_core::described::Record;
use serde::Serialize;

/// Numbers of connections and waiting callers at one point in time.
///
/// On SQLite, each number is the sum over the writer and the readers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Record)]
pub struct PoolStatus {
    /// Maximum number of connections that stay open when idle.
    pub pool_size: u32,
    /// Number of idle connections.
    pub checked_in: u32,
    /// Number of connections in use, including those being opened.
    pub checked_out: u32,
    /// Number of connections in use beyond `pool_size`.
    pub overflow: u32,
    /// Sum of `checked_in` and `checked_out`.
    pub total: u32,
    /// Maximum number of connections: `pool_size` plus the allowed overflow.
    pub max: u32,
    /// Number of calls waiting for a connection.
    pub waiting: u32,
}

impl Add for PoolStatus {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            pool_size: self.pool_size + other.pool_size,
            checked_in: self.checked_in + other.checked_in,
            checked_out: self.checked_out + other.checked_out,
            overflow: self.overflow + other.overflow,
            total: self.total + other.total,
            max: self.max + other.max,
            waiting: self.waiting + other.waiting,
        }
    }
}
