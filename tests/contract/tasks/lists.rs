//! Lists, numbers and retention of tasks.

use chatkeep::{NewTask, Task, TaskCounts, TaskStatus};

use super::{claim_many, create_ada, empty, enqueue, enqueue_new, get, running};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata, number};

on_every_engine![
    pages_have_the_matching_tasks_newest_first,
    a_page_of_large_tasks_is_shorter,
    tasks_are_counted_by_kind_and_state,
    old_tasks_are_deleted_if_they_have_ended,
    invalid_lists_name_their_fields,
];

/// Returns the ids of all tasks of a list that is read in small pages.
fn listed(
    store: &Store,
    status: Option<TaskStatus>,
    kind: Option<&str>,
    user: Option<&str>,
    limit: i64,
) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.tasks().list_tasks(status, kind, user, limit, cursor.as_deref());
        let page = page.expect("the query succeeds");
        assert!(page.tasks.len() as i64 <= limit);
        all.extend(page.tasks.into_iter().map(|task: Task| task.public_id));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return all,
        }
    }
}

fn pages_have_the_matching_tasks_newest_first(store: &Store) {
    create_ada(store);
    let mut ids: Vec<_> = (0..50)
        .map(|number| {
            let new = NewTask::new(if number % 2 == 0 { "even" } else { "odd" }, empty());
            enqueue_new(store, &if number % 5 == 0 { new.with_user_id("ada") } else { new })
        })
        .collect();
    claim_many(store, &["odd"], 10);
    ids.reverse();
    let matching = |condition: &dyn Fn(&Task) -> bool| {
        let found = ids.iter().filter(|id| condition(&get(store, id)));
        found.cloned().collect::<Vec<_>>()
    };
    let running = Some(TaskStatus::Running);
    for limit in [1, 7, 49, 50, 51, 10_000] {
        assert_eq!(listed(store, None, None, None, limit), ids, "{limit}");
        assert_eq!(
            listed(store, running, None, None, limit),
            matching(&|task| task.status == TaskStatus::Running)
        );
        assert_eq!(
            listed(store, None, Some("even"), None, limit),
            matching(&|task| task.kind == "even")
        );
        assert_eq!(
            listed(store, running, Some("odd"), Some("ada"), limit),
            matching(&|task| task.status == TaskStatus::Running && task.user_id.is_some())
        );
    }
    assert_eq!(listed(store, None, None, Some("none"), 10), [""; 0]);
    assert_eq!(listed(store, None, Some("EVEN"), None, 10), [""; 0]);
    assert_eq!(listed(store, Some(TaskStatus::Failed), None, None, 10), [""; 0]);
}

fn a_page_of_large_tasks_is_shorter(store: &Store) {
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "é".repeat(500_000)));
    let mut ids: Vec<_> =
        (0..30).map(|_| enqueue_new(store, &NewTask::new("k", large.clone()))).collect();
    ids.reverse();
    let page = store.tasks().list_tasks(None, None, None, 100, None).expect("the query succeeds");
    assert!(page.tasks.len() < 30 && page.next_cursor.is_some());
    assert_eq!(listed(store, None, None, None, 100), ids);
}

fn tasks_are_counted_by_kind_and_state(store: &Store) {
    assert_eq!(store.tasks().count_tasks().expect("the query succeeds").len(), 0);
    let (completed, token) = running(store, "a");
    store.tasks().complete_task(&completed, &token, None).expect("it is completed");
    let (failed, token) = running(store, "a");
    store.tasks().fail_task(&failed, &token, "e", None, true).expect("it has failed");
    running(store, "a");
    for _ in 0..3 {
        enqueue(store, "a");
    }
    store.tasks().cancel_task(&enqueue(store, "A")).expect("it is cancelled");
    enqueue_new(store, &NewTask::new("A", empty()).with_delay_seconds(60));
    let counts = store.tasks().count_tasks().expect("the query succeeds");
    let numbers = |counts: &TaskCounts| {
        [counts.queued, counts.running, counts.completed, counts.failed, counts.cancelled]
    };
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["A", "a"]);
    assert_eq!(numbers(&counts["a"]), [3, 1, 1, 1, 0]);
    assert_eq!(numbers(&counts["A"]), [1, 0, 0, 0, 1]);
}

fn old_tasks_are_deleted_if_they_have_ended(store: &Store) {
    let tasks = store.tasks();
    for number in 0..900 {
        enqueue(store, if number % 3 == 0 { "kept" } else { "k" });
    }
    loop {
        let claimed = claim_many(store, &["k"], 100);
        if claimed.is_empty() {
            break;
        }
        for claimed in claimed {
            let (id, token) = (&claimed.task.public_id, &claimed.lease_token);
            tasks.complete_task(id, token, None).expect("it is completed");
        }
    }
    running(store, "running");
    let ended = || tasks.delete_old_tasks(7).expect("the call succeeds");
    assert_eq!(ended(), 0);
    // Everything is old, but queued and running tasks have not ended.
    let old = "'2024-01-01 00:00:00.000000'";
    store.raw.execute(&format!("UPDATE chat_tasks SET created_at = {old}, run_at = {old}"));
    let recent = get(store, &running(store, "k").0);
    tasks.cancel_task(&enqueue(store, "k")).expect("it is cancelled");
    store
        .raw
        .execute(&format!("UPDATE chat_tasks SET finished_at = {old} WHERE status = 'completed'"));
    assert_eq!((ended(), ended()), (600, 0));
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_tasks"), 303);
    assert_eq!(get(store, &recent.public_id), recent);
    for days in [0, -1, 3_650_001] {
        assert_rejected(tasks.delete_old_tasks(days), "days");
    }
}

fn invalid_lists_name_their_fields(store: &Store) {
    let tasks = store.tasks();
    for limit in [0, -1, 10_001] {
        assert_rejected(tasks.list_tasks(None, None, None, limit, None), "limit");
    }
    for cursor in ["", "x", "AQ"] {
        assert_rejected(tasks.list_tasks(None, None, None, 1, Some(cursor)), "cursor");
    }
    assert_rejected(tasks.list_tasks(None, Some("a\0"), None, 1, None), "kind");
    assert_rejected(tasks.list_tasks(None, Some(&"é".repeat(101)), None, 1, None), "kind");
    assert_rejected(tasks.list_tasks(None, None, Some("a\0"), 1, None), "user_id");
}
