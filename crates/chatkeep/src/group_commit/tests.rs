//! Tests of queues and wake-ups, without a database.

use chatkeep_core::NewCheckpoint;
use chatkeep_core::graphs::{GraphEntry, Task};

use super::*;
use crate::graph::GraphEntries;

type Pending = super::Pending<GraphEntries>;

fn pending(entry: GraphEntry<'_>) -> Pending {
    let waiter = Some(Arc::default());
    Pending {
        entry: Arc::new(GraphEntries::to_owned(entry)),
        bytes: GraphEntries::size(entry),
        waiter,
    }
}

fn checkpoint(thread: &str) -> Pending {
    pending(GraphEntry::Checkpoint { thread, new: &NewCheckpoint::default() })
}

fn threads(group: &[Pending]) -> Vec<String> {
    let thread =
        |pending: &Pending| GraphEntries::as_entry(&pending.entry).namespace().0.to_owned();
    group.iter().map(thread).collect()
}

#[test]
fn a_group_has_one_checkpoint_of_a_namespace_and_all_writes() {
    let task = Task { thread: "a", namespace: "", checkpoint_id: "1", task_id: "t", task_path: "" };
    let writes = || pending(GraphEntry::Writes { task, writes: &[] });
    let mut state = State::<GraphEntries>::default();
    state.pending.extend([
        checkpoint("a"),
        checkpoint("b"),
        checkpoint("a"),
        writes(),
        checkpoint("c"),
        checkpoint("a"),
    ]);
    assert_eq!(threads(&state.next_group()), ["a", "b", "a", "c"]);
    assert_eq!(threads(&state.next_group()), ["a"]);
    assert_eq!(threads(&state.next_group()), ["a"]);
    assert!(state.next_group().is_empty());
}

#[test]
fn a_group_is_limited_in_entries_and_bytes() {
    let mut state = State::<GraphEntries>::default();
    for number in 0..GROUP_ENTRIES + 1 {
        state.pending.push_back(checkpoint(&number.to_string()));
    }
    let large = |thread| {
        let mut pending = checkpoint(thread);
        pending.bytes = GROUP_BYTES + 1;
        pending
    };
    assert_eq!(state.next_group().len(), GROUP_ENTRIES);
    assert_eq!(state.next_group().len(), 1);
    state.pending.extend([large("a"), checkpoint("b"), large("c")]);
    assert_eq!(threads(&state.next_group()), ["a"]);
    assert_eq!(threads(&state.next_group()), ["b"]);
    assert_eq!(threads(&state.next_group()), ["c"]);
}

#[test]
fn a_caller_that_has_left_does_not_lead() {
    let waiter = Waiter::<GraphEntries>::default();
    assert!(waiter.leave().is_none(), "it was not woken");
    assert!(matches!(waiter.wake(Wakeup::Lead(Vec::new())), Some(Wakeup::Lead(_))));
    let waiter = Waiter::<GraphEntries>::default();
    assert!(waiter.wake(Wakeup::Done(Ok(()))).is_none());
    assert!(matches!(waiter.leave(), Some(Wakeup::Done(Ok(())))), "it was woken before");
}
