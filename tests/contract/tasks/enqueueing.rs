//! Enqueueing tasks, and their idempotency keys.

use std::collections::BTreeSet;
use std::thread;

use chatkeep::{NewTask, TaskStatus, Timestamp};

use super::{claim, create_ada, empty, enqueue_new, get};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, at, metadata, number};

on_every_engine![
    a_task_has_its_values_and_defaults,
    a_key_enqueues_a_task_once,
    a_key_with_another_kind_input_or_user_is_refused,
    several_tasks_are_enqueued_in_order_or_not_at_all,
    concurrent_calls_with_one_key_enqueue_one_task,
    hostile_texts_are_stored_as_they_are,
    invalid_values_name_their_fields,
];

fn count(store: &Store) -> i64 {
    number(store, "SELECT COUNT(*) FROM chat_tasks")
}

fn a_task_has_its_values_and_defaults(store: &Store) {
    create_ada(store);
    let before = Timestamp::now();
    let plain = store.tasks().enqueue_task(&NewTask::new("k", empty())).expect("it is enqueued");
    assert!((before..=Timestamp::now()).contains(&plain.created_at));
    assert_eq!((plain.status, plain.run_at), (TaskStatus::Queued, plain.created_at));
    assert_eq!((plain.priority, plain.attempts, plain.max_attempts), (0, 0, 3));
    assert_eq!((&plain.user_id, &plain.idempotency_key, &plain.worker), (&None, &None, &None));
    assert_eq!(get(store, &plain.public_id), plain);

    let input = metadata(r#"{"b": [1, 2.5, null], "a": {"c": "é😀"}, "n": 18446744073709551615}"#);
    let new = NewTask::new("k", input.clone())
        .with_user_id("ada")
        .with_priority(-1_000)
        .with_run_at(at("2030-01-02T03:04:05.678901Z"))
        .with_max_attempts(1_000)
        .with_idempotency_key("key");
    let task = store.tasks().enqueue_task(&new).expect("it is enqueued");
    assert_eq!((task.user_id.as_deref(), task.priority), (Some("ada"), -1_000));
    assert_eq!((task.run_at, task.max_attempts), (new.run_at.expect("a time"), 1_000));
    assert_eq!((&task.input, task.idempotency_key.as_deref()), (&input, Some("key")));
    assert_eq!(get(store, &task.public_id), task);

    let delayed = NewTask::new("k", empty()).with_delay_seconds(90);
    let delayed = store.tasks().enqueue_task(&delayed).expect("it is enqueued");
    let delay = delayed.run_at.as_microsecond() - delayed.created_at.as_microsecond();
    assert_eq!(delay, 90_000_000);
}

fn a_key_enqueues_a_task_once(store: &Store) {
    let new = NewTask::new("k", metadata(r#"{"a": 1, "b": 2.0}"#)).with_idempotency_key("é'k ");
    let first = store.tasks().enqueue_task(&new).expect("it is enqueued");
    let again = NewTask { input: metadata(r#"{"b": 2.0, "a": 1}"#), priority: 9, ..new.clone() };
    assert_eq!(store.tasks().enqueue_task(&again).expect("it exists"), first);
    let claimed = claim(store, "k").expect("it is due");
    let (id, token) = (claimed.task.public_id.as_str(), claimed.lease_token.as_str());
    store.tasks().complete_task(id, token, Some(metadata(r#"{"r": 1}"#))).expect("it is completed");
    let found = store.tasks().enqueue_task(&new).expect("it exists");
    assert_eq!(found, get(store, id), "it has the result");
    assert_eq!(claim(store, "k"), None);
    // Keys are compared exactly.
    for key in ["é'k", "É'k ", "e\u{301}'k ", "é'k  "] {
        let other = store.tasks().enqueue_task(&new.clone().with_idempotency_key(key));
        assert_ne!(other.expect("it is enqueued").public_id, first.public_id, "{key:?}");
    }
    assert_eq!(count(store), 5);
    // After the deletion, the key is free.
    store.raw.execute(&format!("DELETE FROM chat_tasks WHERE public_id = '{id}'"));
    assert_ne!(enqueue_new(store, &new), id);
}

fn a_key_with_another_kind_input_or_user_is_refused(store: &Store) {
    let new = NewTask::new("k", metadata(r#"{"a": 1}"#)).with_idempotency_key("key");
    enqueue_new(store, &new);
    create_ada(store);
    for other in [
        NewTask { kind: "K".to_owned(), ..new.clone() },
        NewTask { input: metadata(r#"{"a": 1.0}"#), ..new.clone() },
        NewTask { input: empty(), ..new.clone() },
        new.clone().with_user_id("ada"),
    ] {
        assert_conflict(store.tasks().enqueue_task(&other), "idempotency_key");
        let many = [NewTask::new("k", empty()), other];
        assert_conflict(store.tasks().enqueue_tasks(&many), "tasks[1].idempotency_key");
    }
    assert_eq!(count(store), 1);
}

fn several_tasks_are_enqueued_in_order_or_not_at_all(store: &Store) {
    let tasks = store.tasks();
    assert_eq!(tasks.enqueue_tasks(&[]).expect("the call succeeds"), []);
    let first = NewTask::new("k", metadata(r#"{"n": -1}"#)).with_idempotency_key("first");
    let existing = tasks.enqueue_task(&first).expect("it is enqueued");
    let new: Vec<_> = (0..1_200)
        .map(|number| match number {
            3 => first.clone(),
            5 | 900 => NewTask::new("k", metadata(r#"{"n": 5}"#)).with_idempotency_key("five"),
            _ => NewTask::new("k", metadata(&format!(r#"{{"n": {number}}}"#))),
        })
        .collect();
    let enqueued = tasks.enqueue_tasks(&new).expect("they are enqueued");
    assert_eq!(enqueued.len(), new.len());
    assert!(enqueued.iter().zip(&new).all(|(task, new)| task.input == new.input));
    assert_eq!((&enqueued[3], &enqueued[5]), (&existing, &enqueued[900]));
    assert_eq!(count(store), 1_199);
    let again = tasks.enqueue_tasks(&[new[5].clone(), new[3].clone()]).expect("they exist");
    assert_eq!(again, [enqueued[5].clone(), existing]);

    let unknown = NewTask::new("k", empty()).with_user_id("none");
    for (bad, field) in [
        (unknown, "tasks[2].user_id"),
        (NewTask::new("", empty()), "tasks[2].kind"),
        (NewTask::new("k", empty()).with_priority(2_000), "tasks[2].priority"),
    ] {
        let many = [NewTask::new("k", empty()), NewTask::new("k", empty()), bad];
        assert_rejected(tasks.enqueue_tasks(&many), field);
    }
    assert_eq!(count(store), 1_199);
}

fn concurrent_calls_with_one_key_enqueue_one_task(store: &Store) {
    let other = store.new_handle();
    for round in 0..10 {
        let ids: BTreeSet<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let chat = if number % 2 == 0 { &**store } else { &other };
                    let new = NewTask::new("k", empty()).with_idempotency_key(round.to_string());
                    let many = [new.clone(), NewTask::new("other", empty())];
                    scope.spawn(move || match number % 3 {
                        0 => chat.tasks().enqueue_tasks(&many).map(|mut tasks| tasks.remove(0)),
                        _ => chat.tasks().enqueue_task(&new),
                    })
                })
                .collect();
            let outcomes = threads.into_iter().map(|thread| thread.join().expect("no panic"));
            outcomes.map(|outcome| outcome.expect("the call succeeds").public_id).collect()
        });
        assert_eq!(ids.len(), 1);
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_tasks WHERE kind = 'k'"), 10);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_tasks WHERE kind = 'other'"), 30);
}

fn hostile_texts_are_stored_as_they_are(store: &Store) {
    let longest = "é".repeat(100);
    for kind in ["'; DROP TABLE chat_tasks; --", "a\"b", "\\", "%", "a ", " a", "🎉", &longest] {
        let input = serde_json::json!({ kind: kind, "quote": "'\"\\", "line": "a\r\n\t" });
        let new = NewTask::new(kind, metadata(&input.to_string())).with_idempotency_key(kind);
        let id = enqueue_new(store, &new);
        let claimed = claim(store, kind).expect("it is due");
        assert_eq!(claimed.task.public_id, id);
        assert_eq!((claimed.task.kind.as_str(), &claimed.task.input), (kind, &new.input));
        assert_eq!(claimed.task.idempotency_key.as_deref(), Some(kind));
        let failed = store.tasks().fail_task(&id, &claimed.lease_token, kind, None, true);
        assert_eq!(failed.expect("it has failed").error.as_deref(), Some(kind));
    }
}

fn invalid_values_name_their_fields(store: &Store) {
    let new = || NewTask::new("k", empty());
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(1 << 20)));
    for (task, field) in [
        (NewTask::new("", empty()), "kind"),
        (NewTask::new("a\0", empty()), "kind"),
        (NewTask::new("é".repeat(101), empty()), "kind"),
        (NewTask::new("k", large), "input"),
        (new().with_user_id("none"), "user_id"),
        (new().with_user_id("a\0"), "user_id"),
        (new().with_priority(1_001), "priority"),
        (new().with_priority(-1_001), "priority"),
        (new().with_priority(i64::MAX), "priority"),
        (new().with_delay_seconds(-1), "delay_seconds"),
        (new().with_delay_seconds(i64::MAX), "delay_seconds"),
        (new().with_delay_seconds(1).with_run_at(Timestamp::now()), "delay_seconds"),
        (new().with_max_attempts(0), "max_attempts"),
        (new().with_max_attempts(1_001), "max_attempts"),
        (new().with_idempotency_key(""), "idempotency_key"),
        (new().with_idempotency_key("a\0"), "idempotency_key"),
        (new().with_idempotency_key("é".repeat(256)), "idempotency_key"),
    ] {
        assert_rejected(store.tasks().enqueue_task(&task), field);
        assert_rejected(store.tasks().enqueue_tasks(&[task]), &format!("tasks[0].{field}"));
    }
    assert_eq!(count(store), 0);
    enqueue_new(store, &new().with_idempotency_key("é".repeat(255)).with_run_at(Timestamp::MIN));
    enqueue_new(store, &new().with_run_at(Timestamp::MAX));
}
