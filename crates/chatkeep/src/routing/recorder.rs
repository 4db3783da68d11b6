//! Recording requests in groups, without a look-up of their users and conversations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chatkeep_core::routing_requests::{self, ResolvedRequest, SHARDS};
use chatkeep_core::{
    Connection, Error, ErrorKind, NewRoutingRequest, Result, Timestamp, conversations, users,
};
use chatkeep_pool::{PerProcess, Pool};

use crate::conversations::{Owned, OwnerCache};
use crate::group_commit::{Entries, GroupCommit};
use crate::managers::Parts;
use crate::retry::{may_be_one_row, with_retry};

/// Records requests.
pub(super) struct Recorder {
    pool: Arc<Pool>,
    commits: GroupCommit<RequestEntries>,
    shards: Arc<PerProcess<Shards>>,
    conversations: OwnerCache,
    users: OwnerCache,
}

impl Recorder {
    pub(super) fn new(parts: &Parts) -> Self {
        let pool = Arc::clone(&parts.pool);
        let shards = Arc::new(PerProcess::new(Shards::new()));
        let entries = RequestEntries { shards: Arc::clone(&shards) };
        let (checkpoints, writers) = (parts.checkpoints.clone(), parts.settings.writers);
        let commits = GroupCommit::new(entries, Arc::clone(&pool), checkpoints, writers);
        let (conversations, users) = (OwnerCache::new(), OwnerCache::new());
        Self { pool, commits, shards, conversations, users }
    }

    /// Records a request that was checked, in a transaction that it may share.
    pub(super) fn record(&self, request: &NewRoutingRequest) -> Result<()> {
        self.commits.store(&self.resolve(request, Timestamp::now())?)
    }

    /// Records requests that were checked, in one transaction. `at` adds the index of a request to
    /// an error about it.
    pub(super) fn record_all(
        &self,
        requests: &[NewRoutingRequest],
        at: impl Fn(usize, Error) -> Error,
    ) -> Result<()> {
        let now = Timestamp::now();
        let resolved = requests
            .iter()
            .enumerate()
            .map(|(index, request)| self.resolve(request, now).map_err(|error| at(index, error)));
        let resolved = resolved.collect::<Result<Vec<_>>>()?;
        let resolved: Vec<_> = resolved.iter().collect();
        let shards = self.shards.get(Shards::new);
        let shard = shards.take();
        with_retry(&self.pool, |connection| {
            routing_requests::store(connection, &resolved, shard.number)
        })
    }

    /// Returns the request with the internal ids of its user and conversation, which must exist.
    fn resolve(&self, request: &NewRoutingRequest, now: Timestamp) -> Result<ResolvedRequest> {
        let conversation = request.conversation_id.as_deref();
        let conversation = conversation.map(|id| self.conversation(id)).transpose()?;
        let user = match request.user_id.as_deref() {
            Some(id) => Some(self.user(id)?),
            None => conversation.and_then(|owned| owned.user_id),
        };
        let conversation = conversation.map(|owned| owned.id);
        Ok(ResolvedRequest::new(request.clone(), user, conversation, now))
    }

    fn conversation(&self, public_id: &str) -> Result<Owned> {
        if let Some(owned) = self.conversations.get(public_id) {
            return Ok(owned);
        }
        let looked_up = Instant::now();
        let found = conversations::find_with_user(&mut *self.pool.reader()?, public_id)?;
        let (id, user_id) = found.ok_or_else(|| conversations::no_conversation(public_id))?;
        let owned = Owned { id, user_id, looked_up };
        self.conversations.insert(public_id, owned);
        Ok(owned)
    }

    fn user(&self, public_id: &str) -> Result<i64> {
        if let Some(owned) = self.users.get(public_id) {
            return Ok(owned.id);
        }
        let looked_up = Instant::now();
        let found = conversations::find_user(&mut *self.pool.reader()?, public_id)?;
        let id = found.ok_or_else(|| users::no_user(public_id))?;
        self.users.insert(public_id, Owned { id, user_id: Some(id), looked_up });
        Ok(id)
    }
}

/// Requests that are stored in groups.
struct RequestEntries {
    shards: Arc<PerProcess<Shards>>,
}

impl Entries for RequestEntries {
    type Entry<'a> = &'a ResolvedRequest;
    type Owned = ResolvedRequest;
    type Key = (String, i64);
    const NOUN: &'static str = "request";

    fn to_owned(request: &ResolvedRequest) -> ResolvedRequest {
        request.clone()
    }

    fn as_entry(request: &ResolvedRequest) -> &ResolvedRequest {
        request
    }

    fn size(request: &ResolvedRequest) -> usize {
        request.size()
    }

    /// The same attempt again is refused, and would refuse its group.
    fn unique_key(request: &ResolvedRequest) -> Option<(String, i64)> {
        let (request_id, attempt) = request.key();
        Some((request_id.to_owned(), attempt))
    }

    fn store(&self, connection: &mut Connection, requests: &[&ResolvedRequest]) -> Result<()> {
        let shards = self.shards.get(Shards::new);
        let shard = shards.take();
        routing_requests::store(connection, requests, shard.number)
    }

    fn may_be_one_entry(error: &Error) -> bool {
        let is_recorded = error.kind() == ErrorKind::Conflict && !error.is_retryable();
        is_recorded || may_be_one_row(error)
    }
}

/// The shards of the totals that transactions of this process are adding to. So the groups of a
/// process have different ones, and those of different processes usually, because each begins at a
/// random one.
struct Shards {
    first: usize,
    taken: [AtomicBool; SHARDS as usize],
}

/// A shard that a transaction adds to, until it is dropped.
struct Shard<'a> {
    number: i32,
    taken: Option<&'a AtomicBool>,
}

impl Shards {
    fn new() -> Self {
        let first = usize::from(routing_requests::random_shard());
        Self { first, taken: Default::default() }
    }

    /// Takes a shard that no other transaction has. If there is none, it is shared.
    fn take(&self) -> Shard<'_> {
        let order = (0..self.taken.len()).map(|index| (self.first + index) % self.taken.len());
        for number in order {
            let taken = &self.taken[number];
            if !taken.swap(true, Ordering::Relaxed) {
                return Shard { number: number as i32, taken: Some(taken) };
            }
        }
        Shard { number: self.first as i32, taken: None }
    }
}

impl Drop for Shard<'_> {
    fn drop(&mut self) {
        if let Some(taken) = self.taken {
            taken.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_have_different_shards_until_they_end() {
        let shards = Shards::new();
        let first = shards.take();
        assert_eq!(first.number as usize, shards.first);
        let all: Vec<_> = (1..SHARDS).map(|_| shards.take()).collect();
        let mut numbers: Vec<_> = all.iter().map(|shard| shard.number).collect();
        numbers.push(first.number);
        numbers.sort_unstable();
        assert_eq!(numbers, (0..SHARDS).collect::<Vec<_>>());
        assert_eq!(shards.take().number, first.number, "all are taken, so it is shared");
        drop(all);
        assert_ne!(shards.take().number, first.number, "the first one is still taken");
        drop(first);
        assert_eq!(shards.take().number as usize, shards.first);
    }
}
