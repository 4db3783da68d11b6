//! How far a call is.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Rows are read and looked at; nothing is stored yet.
    Checking,
    /// Rows are stored.
    Storing,
    /// The statistics are counted.
    Counting,
    /// What was stored is compared with where it came from.
    Comparing,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is being done.
    pub phase: Phase,
    /// Rows that are done, in this phase.
    pub done: u64,
    /// Rows that are to be done, in this phase.
    pub total: u64,
}
