//! How full the pool is.

use std::ops::Add;

use serde::Serialize;

/// How many connections there are, and who has them, at one moment.
///
/// On SQLite the writer and the readers are added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct PoolStatus {
    /// Connections that are kept open once they were needed.
    pub pool_size: u32,
    /// Open connections that lie ready.
    pub checked_in: u32,
    /// Connections in use, those that are just being opened included.
    pub checked_out: u32,
    /// How many of those in use go beyond `pool_size`.
    pub overflow: u32,
    /// `checked_in` and `checked_out` together.
    pub total: u32,
    /// The most there may be: `pool_size` and the allowed overflow together.
    pub max: u32,
    /// Calls that wait for a connection.
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
