//! Pages of policies, and those of the snapshot.

use chatkeep::{NewPolicy, PolicyKind};

use super::{create, policy};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    pages_contain_each_policy_once_newest_first,
    the_snapshot_has_all_policies_in_order,
    invalid_pages_are_rejected,
];

fn fill(store: &Store) {
    create(store, "a", 0);
    create(store, "b", 0);
    for number in 0..25 {
        let owner = [None, Some("b"), Some("a")][number % 3];
        let new = NewPolicy {
            enabled: false,
            ..policy(owner, &format!("p{number}"), PolicyKind::CircuitBreaker, "{}")
        };
        store.routing().put_policy(&new, None).expect("it is stored");
    }
}

fn pages_contain_each_policy_once_newest_first(store: &Store) {
    fill(store);
    let pages = |provider: Option<&str>| {
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = store.routing().list_policies(provider, 4, cursor.as_deref());
            let page = page.expect("a page");
            found.extend(page.policies);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return found;
            }
        }
    };
    let all = pages(None);
    let names: Vec<_> = all.iter().map(|policy| policy.name.clone()).collect();
    let expected: Vec<_> = (0..25).rev().map(|number| format!("p{number}")).collect();
    assert_eq!(names, expected);
    let of_b = pages(Some("b"));
    assert_eq!(of_b.len(), 8);
    assert!(of_b.iter().all(|policy| policy.provider.as_deref() == Some("b")));
    assert_eq!(pages(Some("gone")), []);
    let whole = store.routing().list_policies(Some("a"), 8, None).expect("a page");
    assert_eq!((whole.policies.len(), whole.next_cursor), (8, None));
}

fn the_snapshot_has_all_policies_in_order(store: &Store) {
    fill(store);
    let snapshot = store.providers().get_provider_snapshot().expect("a snapshot");
    assert_eq!(snapshot.policies.len(), 25);
    let key = |policy: &chatkeep::ProviderPolicy| (policy.provider.clone(), policy.name.clone());
    assert!(snapshot.policies.is_sorted_by_key(key));
    assert_eq!(snapshot.policies[0].provider, None);
    let mut listed = store.routing().list_policies(None, 100, None).expect("a page").policies;
    listed.sort_by_key(key);
    assert_eq!(snapshot.policies.to_vec(), listed);
    // A change of this process is in the next snapshot.
    store.routing().delete_policy("p0", None, None).expect("it is deleted");
    let next = store.providers().get_provider_snapshot().expect("a snapshot");
    assert_eq!(next.policies.len(), 24);
    assert!(next.revision > snapshot.revision);
}

fn invalid_pages_are_rejected(store: &Store) {
    let routing = store.routing();
    for limit in [0, -1, 10_001] {
        assert_rejected(routing.list_policies(None, limit, None), "limit");
    }
    for cursor in ["", "x", "'; --"] {
        assert_rejected(routing.list_policies(None, 1, Some(cursor)), "cursor");
    }
    assert_rejected(routing.list_policies(Some("A"), 1, None), "provider");
}
