//! Stores the buffered text of many streams in rounds, each in one transaction.

use std::sync::Arc;

use chatkeep_core::streams::{self, AppendOutcome, StreamText};
use chatkeep_core::{Error, Result};

use super::StreamParts;
use super::buffers::SharedBuffers;
use crate::retry::{may_be_one_row, with_retry};

/// Text of a stream that is stored in a round.
pub(super) struct Append {
    pub(super) public_id: String,
    /// Number of the last chunk that this writer has stored.
    pub(super) last_seq: i64,
    pub(super) text: Arc<str>,
    /// Whether the outcome of an earlier attempt to store this text is unknown.
    pub(super) may_be_stored: bool,
}

/// A run of the flusher. Dropped before it has finished, it leaves its texts to the next run.
pub(super) struct FlusherRun {
    buffers: SharedBuffers,
    finished: bool,
}

impl FlusherRun {
    pub(super) fn new(buffers: SharedBuffers) -> Self {
        Self { buffers, finished: false }
    }

    /// Stores rounds until nothing is buffered.
    pub(super) fn run(&mut self) {
        while let Some(round) = self.buffers.next_round() {
            let parts = &self.buffers.parts;
            let outcomes = store(parts, &round);
            let changed: Vec<_> = round
                .iter()
                .zip(&outcomes)
                .filter_map(|(append, outcome)| match outcome {
                    Ok(AppendOutcome::Stored { last_seq, .. }) => {
                        Some((append.public_id.clone(), *last_seq))
                    }
                    _ => None,
                })
                .collect();
            let bytes: usize = round.iter().map(|append| append.text.len()).sum();
            self.buffers.complete(round, outcomes);
            let watchers = parts.watchers();
            for (public_id, last_seq) in changed {
                watchers.stored(&public_id, last_seq, false);
            }
            if let Some(checkpoints) = &parts.checkpoints {
                checkpoints.committed(bytes as u64);
            }
        }
        self.finished = true;
    }
}

impl Drop for FlusherRun {
    fn drop(&mut self) {
        if !self.finished {
            self.buffers.recover();
        }
    }
}

/// Stores a round. If the database rejects it, one of its texts may be the cause. Each half is then
/// stored separately, down to single texts, so that only the rejected one fails.
fn store(parts: &StreamParts, round: &[Append]) -> Vec<Result<AppendOutcome>> {
    let texts: Vec<_> = round
        .iter()
        .map(|append| StreamText {
            public_id: &append.public_id,
            last_seq: append.last_seq,
            text: &append.text,
            may_be_stored: append.may_be_stored,
        })
        .collect();
    let error: Error =
        match with_retry(&parts.pool, |connection| streams::append(connection, &texts)) {
            Ok(outcomes) => return outcomes.into_iter().map(Ok).collect(),
            Err(error) => error,
        };
    if round.len() > 1 && may_be_one_row(&error) {
        let (first, second) = round.split_at(round.len() / 2);
        let mut outcomes = store(parts, first);
        outcomes.extend(store(parts, second));
        return outcomes;
    }
    round.iter().map(|_| Err(error.clone())).collect()
}
