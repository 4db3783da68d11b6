//! The messages that wait for a writer: a bounded queue, and a line of those who wait for room in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, Waiter};

/// A group has at most this many rows and bytes: one statement on every engine.
const GROUP_ROWS: usize = 500;
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// The queue takes at most this much. Then callers wait for room: nothing is ever dropped.
const QUEUE_ROWS: usize = 10_000;
pub(super) const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// First come, first served, in both.
#[derive(Default)]
pub(super) struct Line {
    queue: VecDeque<Entry>,
    bytes: usize,
    /// Entries of the queue whose callers are not threads that wait.
    handed_in: usize,
    /// Those for whom there was no room when they came.
    outside: VecDeque<Entry>,
}

impl Line {
    /// Lets a message in, or has it wait for room. Whether it is in.
    pub(super) fn push(&mut self, entry: Entry) -> bool {
        let fits = self.outside.is_empty() && self.has_room(&entry);
        if fits {
            self.let_in(entry);
        } else {
            self.outside.push_back(entry);
        }
        fits
    }

    /// Messages in the queue and before it.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.outside.len()
    }

    /// Whether all in the queue are threads that wait.
    pub(super) fn only_blocked(&self) -> bool {
        self.handed_in == 0
    }

    /// Removes the head of the queue as far as it has waited for longer than this, blocked or not.
    pub(super) fn take_expired(&mut self, longest: Duration) -> Vec<Entry> {
        let mut expired = Vec::new();
        while self.queue.front().is_some_and(|entry| entry.since().elapsed() > longest) {
            if let Some(entry) = self.queue.pop_front() {
                self.bytes -= entry.size();
                self.handed_in -= usize::from(entry.waiter().is_none());
                expired.push(entry);
            }
        }
        expired
    }

    /// Moves as much of the queue's head as belongs into one group; nothing that was handed in when only `blocked` callers
    /// are wanted.
    pub(super) fn fill(&mut self, group: &mut Vec<Entry>, blocked: bool) {
        let mut bytes: usize = group.iter().map(Entry::size).sum();
        while let Some(next) = self.queue.front() {
            let fits = group.is_empty()
                || (group.len() < GROUP_ROWS && bytes + next.size() <= GROUP_BYTES);
            if !fits || (blocked && next.waiter().is_none()) {
                break;
            }
            if let Some(entry) = self.queue.pop_front() {
                bytes += entry.size();
                self.bytes -= entry.size();
                self.handed_in -= usize::from(entry.waiter().is_none());
                group.push(entry);
            }
        }
    }

    /// Lets in for whom there is room now, and returns those handed in who have waited for it for longer than this.
    /// Threads that wait look to that themselves.
    pub(super) fn let_in_next(&mut self, longest: Duration) -> Vec<Entry> {
        let mut too_late = Vec::new();
        while let Some(next) = self.outside.front() {
            let late = next.waiter().is_none() && next.since().elapsed() > longest;
            if !late && !self.has_room(next) {
                break;
            }
            match self.outside.pop_front() {
                Some(entry) if late => too_late.push(entry),
                Some(entry) => self.let_in(entry),
                None => break,
            }
        }
        too_late
    }

    /// Takes a thread that waits for room out of the line, unless it is in by now.
    pub(super) fn leave(&mut self, waiter: &Arc<Waiter>) -> Option<Entry> {
        let place = self.outside.iter().position(|entry| is_of(entry, waiter))?;
        self.outside.remove(place)
    }

    /// Takes a thread that waits to be served out of the queue, unless somebody writes for it by now.
    pub(super) fn leave_queue(&mut self, waiter: &Arc<Waiter>) -> Option<Entry> {
        let place = self.queue.iter().position(|entry| is_of(entry, waiter))?;
        let entry = self.queue.remove(place)?;
        self.bytes -= entry.size();
        Some(entry)
    }

    /// Everything that waits.
    pub(super) fn take_all(&mut self) -> Vec<Entry> {
        let outside = std::mem::take(&mut self.outside);
        let all = std::mem::take(&mut self.queue).into_iter().chain(outside).collect();
        *self = Self::default();
        all
    }

    /// An empty queue takes any message, however large.
    fn has_room(&self, entry: &Entry) -> bool {
        self.queue.is_empty()
            || (self.queue.len() < QUEUE_ROWS && self.bytes + entry.size() <= QUEUE_BYTES)
    }

    fn let_in(&mut self, entry: Entry) {
        self.bytes += entry.size();
        self.handed_in += usize::from(entry.waiter().is_none());
        self.queue.push_back(entry);
    }
}

fn is_of(entry: &Entry, waiter: &Arc<Waiter>) -> bool {
    entry.waiter().is_some_and(|other| Arc::ptr_eq(other, waiter))
}
