//! Pages of providers and models.

use chatkeep::{NewModel, NewProvider};

use super::{create, names};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    pages_of_providers_contain_each_once_by_name,
    pages_of_models_contain_each_once_by_name,
    large_values_do_not_exceed_the_sort_memory_of_a_server,
    invalid_pages_are_rejected,
];

fn pages_of_providers_contain_each_once_by_name(store: &Store) {
    let name = |number: usize| format!("p{}-{number}", number % 3);
    for number in 0..25 {
        let new =
            NewProvider { enabled: number % 4 > 0, ..NewProvider::new(name(number), "openai") };
        store.providers().create_provider(&new).expect("it is created");
    }
    let pages = |enabled: Option<bool>| {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.providers().list_providers(enabled, 7, after.as_deref());
            let page = page.expect("a page");
            let is_last = page.len() < 7;
            found.extend(page.into_iter().map(|provider| provider.name));
            if is_last {
                return found;
            }
            after = found.last().cloned();
        }
    };
    for (enabled, expected) in [(None, 25), (Some(true), 18), (Some(false), 7)] {
        let found = pages(enabled);
        assert_eq!(found.len(), expected, "{enabled:?}");
        assert!(found.is_sorted_by(|one, next| one < next), "{found:?}");
    }
}

fn pages_of_models_contain_each_once_by_name(store: &Store) {
    create(store, "a");
    create(store, "b");
    for number in 0..25 {
        let new = NewModel { enabled: number % 2 > 0, ..NewModel::new(format!("m{number}")) };
        store.providers().put_model("a", &new).expect("it is stored");
    }
    super::put(store, "b", "m0-of-b");
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|model: &chatkeep::Model| model.name.clone());
        let page = store.providers().list_models("a", None, 10, after.as_deref());
        let page = page.expect("a page");
        let is_last = page.len() < 10;
        found.extend(page);
        if is_last {
            break;
        }
    }
    assert_eq!(found.len(), 25);
    assert!(names(&found).is_sorted_by(|one, next| one < next));
    let enabled = store.providers().list_models("a", Some(true), 100, Some("m2"));
    let enabled = enabled.expect("a page");
    assert_eq!(names(&enabled), ["m21", "m23", "m3", "m5", "m7", "m9"]);
}

fn large_values_do_not_exceed_the_sort_memory_of_a_server(store: &Store) {
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(65_000)));
    for number in 0..30 {
        let new = NewProvider {
            config: Some(large.clone()),
            rate_limits: Some(large.clone()),
            ..NewProvider::new(format!("p{number}"), "openai")
        };
        store.providers().create_provider(&new).expect("it is created");
        let model = NewModel { params: Some(large.clone()), ..NewModel::new("m") };
        store.providers().put_model(&new.name, &model).expect("it is stored");
        let model = NewModel { name: format!("m{number}"), ..model };
        store.providers().put_model("p0", &model).expect("it is stored");
    }
    let listed = store.providers().list_providers(None, 100, None).expect("a list");
    assert!(listed.len() == 30 && listed.iter().all(|provider| provider.config == large));
    assert_eq!(store.providers().list_models("p0", None, 100, None).expect("a list").len(), 31);
    let snapshot = store.providers().get_provider_snapshot().expect("a snapshot");
    assert_eq!(snapshot.providers.iter().map(|entry| entry.models.len()).sum::<usize>(), 60);
}

fn invalid_pages_are_rejected(store: &Store) {
    create(store, "a");
    for limit in [0, -1, 10_001] {
        assert_rejected(store.providers().list_providers(None, limit, None), "limit");
        assert_rejected(store.providers().list_models("a", None, limit, None), "limit");
    }
    let long = "a".repeat(101);
    for after in ["\0", &long] {
        assert_rejected(store.providers().list_providers(None, 1, Some(after)), "after");
        assert_rejected(store.providers().list_models("a", None, 1, Some(after)), "after");
    }
    for after in ["", "'; --", "\u{10ffff}", "%"] {
        let page = store.providers().list_providers(None, 10, Some(after)).expect("a page");
        assert_eq!(page.len(), usize::from("a" > after), "{after}");
    }
}
