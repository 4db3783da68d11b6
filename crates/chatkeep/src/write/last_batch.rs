//! Statistics of the previous batch, from which a leader predicts the next one.

use std::time::Duration;

/// The previous batch that a leader wrote.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LastBatch {
    /// Whether several callers were logging, so that the next one probably shares a batch.
    pub(super) is_shared: bool,
    /// Number of messages in the batch.
    pub(super) size: usize,
    /// Time taken to write the batch.
    pub(super) duration: Duration,
}
