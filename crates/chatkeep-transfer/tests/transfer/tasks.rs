//! Tests of transfers of tasks.

use chatkeep::{Chatkeep, Metadata, NewTask, NewUser, Task};

use crate::every_engine::on_every_engine;
use crate::every_target::on_every_target;
use crate::store::Store;

on_every_engine![tasks_in_all_states_are_copied_and_restored];

fn metadata(json: &str) -> Metadata {
    Metadata::parse(json).expect(json)
}

/// Returns all tasks, newest first.
fn all(chat: &Chatkeep) -> Vec<Task> {
    chat.tasks().list_tasks(None, None, None, 1_000, None).expect("the query succeeds").tasks
}

/// Stores tasks in all states, and returns the token of the running one.
fn fill(store: &Store) -> String {
    let user = NewUser { public_id: Some("ada".to_owned()), ..NewUser::with_email("ada@x.org") };
    store.users().create_user(&user).expect("the user is created");
    let tasks = store.tasks();
    let input = r#"{"a": 18446744073709551615, "b": 5e18, "c": [null, {"d": "é😀\r\n\t\\N"}]}"#;
    for (number, kind) in ["a", "'; --", "é🎉 ", "%"].into_iter().enumerate() {
        let new = NewTask::new(kind, metadata(input)).with_priority(number as i64 - 2);
        let new = if number == 0 { new.with_user_id("ada") } else { new };
        tasks.enqueue_task(&new.with_idempotency_key(kind)).expect("it is stored");
    }
    let claim = |kind: &str| {
        let claimed = tasks.claim_tasks(&[kind.to_owned()], "w'\\", 3_600, 1, 0);
        claimed.expect("the call succeeds").remove(0)
    };
    let completed = claim("a");
    let (id, token) = (completed.task.public_id, completed.lease_token);
    tasks.complete_task(&id, &token, Some(metadata(input))).expect("it is completed");
    let failed = claim("'; --");
    let (id, token) = (failed.task.public_id, failed.lease_token);
    tasks.fail_task(&id, &token, "é\\N\t", None, true).expect("it has failed");
    let cancelled = tasks.enqueue_task(&NewTask::new("c", metadata("{}"))).expect("it is stored");
    tasks.cancel_task(&cancelled.public_id).expect("it is cancelled");
    claim("%").lease_token
}

fn tasks_in_all_states_are_copied_and_restored(store: &Store) {
    let token = fill(store);
    let before = all(store);
    let mut states: Vec<_> = before.iter().map(|task| task.status.name()).collect();
    states.sort_unstable();
    assert_eq!(states, ["cancelled", "completed", "failed", "queued", "running"]);
    on_every_target(store, &[("chat_tasks", 5)], |target| {
        assert_eq!(all(target), before, "{}", target.engine());
        let tasks = target.tasks();
        // The worker of the source can finish its task in the copy, too.
        let running = before.iter().find(|task| task.lease_until.is_some()).expect("a task");
        tasks.complete_task(&running.public_id, &token, None).expect("the lease is valid");
        let new = tasks.enqueue_task(&NewTask::new("é🎉 ", metadata("{}")).with_priority(9));
        let new = new.expect("the id is new");
        let claimed = tasks.claim_tasks(&["é🎉 ".to_owned()], "w", 60, 2, 0);
        let claimed = claimed.expect("the call succeeds");
        assert_eq!(claimed.len(), 2);
        assert_eq!(claimed[0].task.public_id, new.public_id);
    });
}
