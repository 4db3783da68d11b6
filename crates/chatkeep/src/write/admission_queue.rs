//! The messages that wait to be written: a bounded queue, and an overflow queue for messages that
//! wait for space in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::pending_message::{PendingMessage, Waiter};

/// Maximum size of a group (the messages written in one transaction), in rows and bytes. On a
/// server, a group of this size is one statement.
const GROUP_ROWS: usize = 500;
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// Maximum size of the bounded queue. When it is full, callers wait for space; no message is
/// dropped.
const QUEUE_ROWS: usize = 10_000;
pub(super) const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// Both queues are first in, first out.
#[derive(Default)]
pub(super) struct AdmissionQueue {
    admitted: VecDeque<PendingMessage>,
    /// Total size of the admitted messages, in bytes.
    bytes: usize,
    /// Number of admitted messages whose callers are futures or sinks, not blocked threads.
    non_blocking: usize,
    /// Messages that wait for space in the bounded queue.
    overflow: VecDeque<PendingMessage>,
}

impl AdmissionQueue {
    /// Admits a message, or queues it as overflow until there is space. Returns whether it was
    /// admitted.
    pub(super) fn push(&mut self, message: PendingMessage) -> bool {
        let fits = self.overflow.is_empty() && self.has_space(&message);
        if fits {
            self.admit(message);
        } else {
            self.overflow.push_back(message);
        }
        fits
    }

    /// Returns the number of messages in both queues.
    pub(super) fn len(&self) -> usize {
        self.admitted.len() + self.overflow.len()
    }

    /// Returns whether the callers of all admitted messages are blocked threads.
    pub(super) fn only_blocked(&self) -> bool {
        self.non_blocking == 0
    }

    /// Removes and returns the first admitted messages that have waited longer than `longest`.
    pub(super) fn take_expired(&mut self, longest: Duration) -> Vec<PendingMessage> {
        let mut expired = Vec::new();
        while self.admitted.front().is_some_and(|message| message.since().elapsed() > longest) {
            if let Some(message) = self.admitted.pop_front() {
                self.bytes -= message.size();
                self.non_blocking -= usize::from(message.waiter().is_none());
                expired.push(message);
            }
        }
        expired
    }

    /// Moves the first admitted messages into `group`, up to the group's limits. With
    /// `only_blocked`, it stops before a message whose caller is not a blocked thread.
    pub(super) fn fill(&mut self, group: &mut Vec<PendingMessage>, only_blocked: bool) {
        let mut bytes: usize = group.iter().map(PendingMessage::size).sum();
        while let Some(next) = self.admitted.front() {
            let fits = group.is_empty()
                || (group.len() < GROUP_ROWS && bytes + next.size() <= GROUP_BYTES);
            if !fits || (only_blocked && next.waiter().is_none()) {
                break;
            }
            if let Some(message) = self.admitted.pop_front() {
                bytes += message.size();
                self.bytes -= message.size();
                self.non_blocking -= usize::from(message.waiter().is_none());
                group.push(message);
            }
        }
    }

    /// Admits messages of the overflow while there is space. Removes and returns those of futures
    /// and sinks that have waited longer than `longest`; blocked threads time out on their own.
    pub(super) fn admit_waiting(&mut self, longest: Duration) -> Vec<PendingMessage> {
        let mut too_late = Vec::new();
        while let Some(next) = self.overflow.front() {
            let late = next.waiter().is_none() && next.since().elapsed() > longest;
            if !late && !self.has_space(next) {
                break;
            }
            match self.overflow.pop_front() {
                Some(message) if late => too_late.push(message),
                Some(message) => self.admit(message),
                None => break,
            }
        }
        too_late
    }

    /// Removes a blocked caller's message from the overflow. Returns `None` if it was admitted.
    pub(super) fn remove_waiting(&mut self, waiter: &Arc<Waiter>) -> Option<PendingMessage> {
        let index = self.overflow.iter().position(|message| is_of(message, waiter))?;
        self.overflow.remove(index)
    }

    /// Removes a blocked caller's admitted message. Returns `None` if a leader (the thread that
    /// writes a group) has taken it.
    pub(super) fn remove_admitted(&mut self, waiter: &Arc<Waiter>) -> Option<PendingMessage> {
        let index = self.admitted.iter().position(|message| is_of(message, waiter))?;
        let message = self.admitted.remove(index)?;
        self.bytes -= message.size();
        Some(message)
    }

    /// Removes and returns the messages of both queues.
    pub(super) fn take_all(&mut self) -> Vec<PendingMessage> {
        let overflow = std::mem::take(&mut self.overflow);
        let all = std::mem::take(&mut self.admitted).into_iter().chain(overflow).collect();
        *self = Self::default();
        all
    }

    /// Returns whether a message fits. An empty queue takes a message of any size.
    fn has_space(&self, message: &PendingMessage) -> bool {
        self.admitted.is_empty()
            || (self.admitted.len() < QUEUE_ROWS && self.bytes + message.size() <= QUEUE_BYTES)
    }

    fn admit(&mut self, message: PendingMessage) {
        self.bytes += message.size();
        self.non_blocking += usize::from(message.waiter().is_none());
        self.admitted.push_back(message);
    }
}

fn is_of(message: &PendingMessage, waiter: &Arc<Waiter>) -> bool {
    message.waiter().is_some_and(|other| Arc::ptr_eq(other, waiter))
}
