//! Progress of a call.

/// Phase of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Rows are read and validated; nothing is stored yet.
    Checking,
    /// Rows are stored.
    Storing,
    /// The statistics are computed.
    Counting,
    /// The stored rows are compared with the source.
    Comparing,
}

/// Progress within a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Current phase.
    pub phase: Phase,
    /// Number of rows processed in this phase.
    pub done: u64,
    /// Total number of rows in this phase.
    pub total: u64,
}
