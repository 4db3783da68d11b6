//! Several writers of the same rows.

use std::thread;

use chatkeep::{ErrorKind, NewModel, NewProvider, ProviderChanges, Result};

use super::{create, get, put};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, number};

on_every_engine![
    one_of_concurrent_changes_of_a_version_is_made,
    concurrent_changes_without_a_version_are_all_made,
    one_of_concurrent_creations_of_a_name_succeeds,
    concurrent_puts_of_a_model_and_a_default_leave_one_row,
    models_of_a_provider_that_is_deleted_are_refused_or_deleted,
];

const WRITERS: usize = 8;

/// Runs `call` in threads at the same time, with their numbers.
fn at_once<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let call = &call;
        let threads: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || call(writer))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn prioritize(store: &Store, priority: usize, version: Option<i64>) -> Result<i64> {
    let changes = ProviderChanges { priority: Some(priority as i64), ..ProviderChanges::default() };
    let changed = store.providers().update_provider("a", &changes, version)?;
    Ok(changed.expect("it exists").version)
}

fn one_of_concurrent_changes_of_a_version_is_made(store: &Store) {
    create(store, "a");
    for version in 1..4 {
        let outcomes = at_once(|writer| {
            // No value is the present one.
            prioritize(store, version as usize * 100 + writer, Some(version))
        });
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refused.len()), (1, WRITERS - 1));
        for refused in refused {
            assert_conflict(refused, "expected_version");
        }
        assert_eq!(get(store, "a").expect("it exists").version, version + 1);
    }
}

fn concurrent_changes_without_a_version_are_all_made(store: &Store) {
    create(store, "a");
    let versions = at_once(|writer| {
        let change = |step| prioritize(store, (writer + 1) * 100 + step, None);
        (0..10).map(change).collect::<Result<Vec<_>>>().expect("each change is made")
    });
    let mut versions: Vec<_> = versions.into_iter().flatten().collect();
    versions.sort_unstable();
    let expected: Vec<_> = (2..=(WRITERS as i64 * 10 + 1)).collect();
    assert_eq!(versions, expected, "each change has a version of its own");
}

fn one_of_concurrent_creations_of_a_name_succeeds(store: &Store) {
    let outcomes = at_once(|writer| {
        let new = NewProvider { priority: writer as i64, ..NewProvider::new("a", "openai") };
        store.providers().create_provider(&new)
    });
    let (created, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((created.len(), refused.len()), (1, WRITERS - 1));
    for refused in refused {
        assert_conflict(refused, "name");
    }
    assert_eq!(get(store, "a").as_ref(), created[0].as_ref().ok());
}

fn concurrent_puts_of_a_model_and_a_default_leave_one_row(store: &Store) {
    create(store, "a");
    put(store, "a", "default");
    let models = at_once(|writer| {
        let model = NewModel { context_window: Some(writer as i64 + 1), ..NewModel::new("m") };
        let stored = store.providers().put_model("a", &model).expect("it is stored");
        store.providers().set_model_default("chat", "a", "default").expect("it is set");
        stored
    });
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_models"), 2);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_model_defaults"), 1);
    let left = store.providers().get_model("a", "m").expect("the query succeeds");
    let left = left.expect("it exists");
    assert!(models.contains(&left), "it is one of those that were stored");
    assert!(models.iter().all(|model| model.created_at == left.created_at));
}

fn models_of_a_provider_that_is_deleted_are_refused_or_deleted(store: &Store) {
    for _ in 0..5 {
        create(store, "a");
        at_once(|writer| {
            if writer == 0 {
                assert!(store.providers().delete_provider("a").expect("it is deleted"));
                return;
            }
            let model = NewModel::new(format!("m{writer}"));
            if let Err(error) = store.providers().put_model("a", &model) {
                let found = (error.kind(), error.field());
                assert_eq!(found, (ErrorKind::InvalidInput, Some("provider")), "{error}");
            }
        });
        assert_eq!(number(store, "SELECT COUNT(*) FROM chat_models"), 0);
    }
}
