//! A cache of conversations and their users.

use std::time::{Duration, Instant};

use chatkeep_core::NewMessage;

use crate::process_map::ProcessMap;

/// Maximum number of cached conversations.
const MAX_CONVERSATIONS: usize = 10_000;
/// Time for which the user of a conversation is cached. The id never changes.
const LIFETIME: Duration = Duration::from_secs(60);

/// A conversation, and its user at the time of the look-up, by their internal ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) id: i64,
    pub(crate) user_id: Option<i64>,
    pub(crate) looked_up: Instant,
}

impl Owned {
    /// Sets the conversation and the user of a turn.
    pub(crate) fn own(self, message: &mut NewMessage) {
        message.conversation_id = Some(self.id);
        message.user_id = self.user_id;
    }
}

/// Conversations and their users by public id, so that a turn needs no look-up.
pub(crate) struct OwnerCache(ProcessMap<Owned>);

impl OwnerCache {
    pub(crate) fn new() -> Self {
        Self(ProcessMap::new(MAX_CONVERSATIONS))
    }

    pub(crate) fn get(&self, public_id: &str) -> Option<Owned> {
        self.0.get(public_id).filter(|cached| cached.looked_up.elapsed() < LIFETIME)
    }

    pub(crate) fn insert(&self, public_id: &str, owned: Owned) {
        self.0.insert(public_id, owned);
    }

    pub(super) fn remove(&self, public_id: &str) {
        self.0.remove(public_id);
    }
}
