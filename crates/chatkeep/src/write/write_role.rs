//! How a message enters the queue, and the role of its caller.

use std::sync::Arc;
use std::time::Duration;

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::{Error, NewMessage, Result};

use super::last_batch::LastBatch;
use super::leadership::Leadership;
use super::pending_message::{Caller, PendingMessage, Waiter, Wakeup};
use super::queue::{Queue, SharedQueue, queue_full};

/// The role of a blocked caller in writing its message.
pub(super) enum WriteRole {
    /// No other caller is writing: it writes its own message only.
    Alone(Leadership),
    /// It writes these messages. The first one is its own.
    Lead(Leadership, Vec<PendingMessage>),
    /// Another leader wrote its message.
    Done(Result<i64>),
}

/// Queues a message, waits while another leader is active, and returns the caller's role.
///
/// The wait for space in the queue is limited to `longest`.
pub(super) fn enter(
    queue: &SharedQueue,
    message: &NewMessage,
    longest: Duration,
) -> Result<WriteRole> {
    let waiter = Waiter::of_this_thread();
    let is_admitted = {
        let mut state = queue.lock();
        state.check_open()?;
        // The queue is empty whenever there are fewer leaders than allowed, so this overtakes no
        // other message.
        let can_start = state.leaders < queue.max_leaders;
        if can_start {
            state.leaders += 1;
        }
        let last_batch = state.last_batch;
        if can_start && !(last_batch.is_shared && waiter.can_lead()) {
            return Ok(WriteRole::Alone(Leadership::new(queue, LastBatch::default())));
        }
        let caller = Caller::Blocked(Arc::clone(&waiter));
        let mut message = message.clone();
        state.clock.stamp(&mut message);
        let message = PendingMessage::new(message, caller, queue.in_flight.begin());
        if can_start {
            return Ok(WriteRole::Lead(Leadership::new(queue, last_batch), vec![message]));
        }
        queue.push(&mut state, message)
    };
    let wakeup = match waiter.wait((!is_admitted).then_some(longest)) {
        Ok(wakeup) => wakeup,
        Err(WaitOutcome::Interrupted) => return Err(withdraw(queue, &waiter)),
        Err(_) => withdraw_unless_admitted(queue, &waiter, longest)?,
    };
    Ok(match wakeup {
        Wakeup::Completed(outcome) => WriteRole::Done(outcome),
        Wakeup::Lead(last_batch, group) => {
            WriteRole::Lead(Leadership::new(queue, last_batch), group)
        }
    })
}

/// Withdraws a message that found no space in time. If it was admitted just then, this waits until
/// the caller is woken.
fn withdraw_unless_admitted(
    queue: &Queue,
    waiter: &Arc<Waiter>,
    longest: Duration,
) -> Result<Wakeup> {
    let withdrawn = {
        let mut state = queue.lock();
        state.pending.remove_waiting(waiter).map(|message| (message, state.pending.len()))
    };
    match withdrawn {
        Some((message, others)) => {
            message.dismiss();
            Err(queue_full(others, longest))
        }
        None => waiter.wait(None).map_err(|_| withdraw(queue, waiter)),
    }
}

/// Withdraws the message of an interrupted caller. A leader may already be writing it; the outcome
/// is then unknown.
fn withdraw(queue: &Queue, waiter: &Arc<Waiter>) -> Error {
    let withdrawn = {
        let mut state = queue.lock();
        let waiting = state.pending.remove_waiting(waiter);
        waiting.or_else(|| state.pending.remove_admitted(waiter))
    };
    match withdrawn {
        Some(message) => {
            message.dismiss();
            interrupt::interrupted()
        }
        None => interrupt::interrupted_with_unknown_outcome(),
    }
}

/// Queues a message for a caller that does not block. A worker writes it.
pub(super) fn submit(queue: &SharedQueue, mut message: NewMessage, caller: Caller) -> Result<()> {
    let (message, last_batch) = {
        let mut state = queue.lock();
        state.check_open()?;
        state.clock.stamp(&mut message);
        let message = PendingMessage::new(message, caller, queue.in_flight.begin());
        if state.leaders == queue.max_leaders {
            queue.push(&mut state, message);
            return Ok(());
        }
        state.leaders += 1;
        (message, state.last_batch)
    };
    Leadership::new(queue, last_batch).lead_on_worker(vec![message]);
    Ok(())
}
