//! Storing messages: one, or a group.

use std::time::{Duration, Instant};

use chatkeep_core::{Connection, Error, ErrorKind, NewMessage, Result, interruption, messages};
use chatkeep_pool::Pool;
use std::sync::Arc;

use super::entry::Entry;
use crate::checkpoints::Checkpoints;
use crate::counting::Counting;

/// The first pause before a write that was in another's way is tried again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Of a deleted message, about: SQLite's log takes up the pages that it was in, and nobody has looked how many those were.
const BYTES_OF_A_DELETED_ROW: u64 = 1_024;

/// Stores messages, and sees to what has to be done about them later.
#[derive(Clone)]
pub(crate) struct Storage {
    pool: Arc<Pool>,
    counting: Arc<Counting>,
    checkpoints: Option<Arc<Checkpoints>>,
}

impl Storage {
    pub(crate) fn new(
        pool: Arc<Pool>,
        counting: Arc<Counting>,
        checkpoints: Option<Arc<Checkpoints>>,
    ) -> Self {
        Self { pool, counting, checkpoints }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn is_on_server(&self) -> bool {
        self.pool.url().engine().is_server()
    }

    /// Stores one message in a statement of its own.
    pub(super) fn insert(&self, message: &NewMessage) -> Result<i64> {
        let id = patiently(&self.pool, |connection| messages::insert(connection, message))?;
        self.stored(std::slice::from_ref(message), &[id]);
        Ok(id)
    }

    /// Stores all these messages or none.
    pub(super) fn insert_many(&self, rows: &[NewMessage]) -> Result<Vec<i64>> {
        let ids = patiently(&self.pool, |connection| messages::insert_many(connection, rows))?;
        self.stored(rows, &ids);
        Ok(ids)
    }

    fn stored(&self, rows: &[NewMessage], ids: &[i64]) {
        self.counting.stored(ids);
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(rows.iter().map(NewMessage::size_in_bytes).sum());
        }
    }

    /// So many messages were deleted just now.
    pub(super) fn deleted(&self, count: u64) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(count * BYTES_OF_A_DELETED_ROW);
        }
    }

    /// Stores all these messages in one transaction, with those that `join` lets in while it lasts, and returns the outcome
    /// of each.
    pub(super) fn insert_group(
        &self,
        group: &mut Vec<Entry>,
        mut join: impl FnMut(&mut Vec<Entry>),
    ) -> Vec<Result<i64>> {
        let mut rows: Vec<NewMessage> = group.iter_mut().map(Entry::take_message).collect();
        let mut let_in = |rows: &mut Vec<NewMessage>| {
            join(group);
            rows.extend(group[rows.len()..].iter_mut().map(Entry::take_message));
        };
        let stored =
            patiently(&self.pool, |connection| messages::insert_group(connection, &mut rows, &mut let_in));
        if let Ok(ids) = &stored {
            self.stored(&rows, ids);
        }
        let mut outcomes = Vec::with_capacity(rows.len());
        self.tell_apart(&rows, stored, &mut outcomes);
        outcomes
    }

    /// The outcome of each row, after they were tried together.
    fn tell_apart(&self, rows: &[NewMessage], stored: Result<Vec<i64>>, outcomes: &mut Vec<Result<i64>>) {
        match stored {
            Ok(ids) => outcomes.extend(ids.into_iter().map(Ok)),
            // One row may be at fault, and nothing was stored. It is found by halves, and fails by itself.
            Err(error) if rows.len() > 1 && may_be_one_row(&error) => {
                let (first, second) = rows.split_at(rows.len() / 2);
                self.tell_apart(first, self.insert_many(first), outcomes);
                self.tell_apart(second, self.insert_many(second), outcomes);
            }
            Err(error) => outcomes.extend(rows.iter().map(|_| Err(error.clone()))),
        }
    }
}

/// Whether the database may have refused one row, rather than the write as such.
fn may_be_one_row(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Internal)
}

/// Does a piece of work on a writer, again and again while another transaction is in the way, until the query timeout is
/// over. Nothing is ever tried twice whose first try may have been stored.
pub(crate) fn patiently<T>(pool: &Pool, mut work: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let longest = pool.settings().query_timeout;
    let mut pause = FIRST_PAUSE;
    loop {
        let attempt = Instant::now();
        let error = match work(&mut *pool.writer()?) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // The next attempt may wait for as long as this one did.
        if !error.is_retryable() || start.elapsed() + attempt.elapsed() + pause >= longest {
            return Err(error);
        }
        interruption::pause(pause)?;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
