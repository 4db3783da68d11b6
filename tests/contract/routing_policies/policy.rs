//! Storing, reading and deleting policies.

use chatkeep::{ErrorKind, NewPolicy, PolicyKind};

use super::{create, get, policy, put, try_put};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, number};

on_every_engine![
    a_policy_is_returned_with_its_defaults,
    a_policy_with_the_same_owner_and_name_is_replaced,
    names_are_compared_exactly_and_belong_to_an_owner,
    invalid_values_are_rejected_with_their_field,
    an_owner_has_one_enabled_policy_of_a_kind,
    another_version_than_the_expected_one_is_a_conflict,
    a_deleted_provider_takes_its_policies_along,
    a_policy_of_another_program_is_read_if_it_is_valid,
];

const BREAKER: PolicyKind = PolicyKind::CircuitBreaker;
const FALLBACK: PolicyKind = PolicyKind::Fallback;
const BALANCE: PolicyKind = PolicyKind::LoadBalance;

fn a_policy_is_returned_with_its_defaults(store: &Store) {
    create(store, "a", 0);
    create(store, "b", 0);
    let new = NewPolicy::new("breaker", BREAKER);
    let stored = store.routing().put_policy(&new, None).expect("it is stored");
    assert_eq!((&*stored.name, stored.kind, stored.enabled), ("breaker", BREAKER, true));
    assert_eq!((stored.version, stored.provider.as_deref()), (1, None));
    assert_eq!(stored.created_at, stored.updated_at);
    assert_eq!(stored.public_id.len(), 36);
    assert_eq!(
        stored.config.as_json(),
        r#"{"failure_percent":50,"min_requests":10,"open_seconds":60,"window_minutes":5}"#
    );
    assert_eq!(get(store, "breaker", None), Some(stored));
    let config = r#"{"providers": ["b"]}"#;
    let new = NewPolicy { enabled: false, ..policy(Some("a"), "f", FALLBACK, config) };
    let stored = store.routing().put_policy(&new, Some(0)).expect("it is stored");
    assert_eq!((stored.provider.as_deref(), stored.enabled), (Some("a"), false));
    assert_eq!(get(store, "f", Some("a")), Some(stored));
    for (name, owner) in [("f", None), ("breaker", Some("a")), ("f", Some("gone"))] {
        assert_eq!(get(store, name, owner), None, "{name} of {owner:?}");
    }
}

fn a_policy_with_the_same_owner_and_name_is_replaced(store: &Store) {
    create(store, "a", 0);
    let first = put(store, None, "p", BREAKER, r#"{"failure_percent": 30}"#);
    let again = put(store, None, "p", BREAKER, r#"{"min_requests": 10, "failure_percent": 30}"#);
    assert_eq!(again, first, "equal values change nothing");
    let second = put(store, None, "p", BALANCE, r#"{"strategy": "cost"}"#);
    assert_eq!((second.version, second.kind), (2, BALANCE));
    assert_eq!((&second.public_id, second.created_at), (&first.public_id, first.created_at));
    assert!(second.updated_at > first.updated_at);
    assert_eq!(second.config.as_json(), r#"{"strategy":"cost"}"#);
    let disabled =
        NewPolicy { enabled: false, ..policy(None, "p", BALANCE, r#"{"strategy": "cost"}"#) };
    assert_eq!(store.routing().put_policy(&disabled, Some(2)).expect("it is stored").version, 3);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_provider_policies"), 1);
}

fn names_are_compared_exactly_and_belong_to_an_owner(store: &Store) {
    const NAMES: [&str; 11] = [
        "a",
        "A",
        "a ",
        "ab",
        "a%",
        "_",
        "é",
        "e\u{301}",
        "🎉",
        "'; DROP TABLE x; --\\",
        "\u{10ffff}",
    ];
    create(store, "a", 0);
    for owner in [None, Some("a")] {
        for name in NAMES {
            let new = NewPolicy { enabled: false, ..policy(owner, name, BREAKER, "{}") };
            store.routing().put_policy(&new, Some(0)).expect(name);
        }
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_provider_policies"), 22);
    for name in NAMES {
        assert_eq!(get(store, name, Some("a")).expect("it exists").name, name);
        assert!(store.routing().delete_policy(name, Some("a"), Some(1)).expect("it is deleted"));
        assert!(!store.routing().delete_policy(name, Some("a"), None).expect("it succeeds"));
        assert!(get(store, name, None).is_some(), "{name}");
    }
    assert!(!store.routing().delete_policy("a", Some("gone"), None).expect("it succeeds"));
}

fn invalid_values_are_rejected_with_their_field(store: &Store) {
    create(store, "a", 0);
    let routing = store.routing();
    let long = "é".repeat(101);
    for name in ["", "a\0", &long] {
        assert_rejected(try_put(store, None, name, BREAKER, "{}"), "name");
        assert_rejected(routing.get_policy(name, None), "name");
        assert_rejected(routing.delete_policy(name, None, None), "name");
    }
    for owner in ["", "A", "a b"] {
        assert_rejected(try_put(store, Some(owner), "p", BREAKER, "{}"), "provider");
        assert_rejected(routing.get_policy("p", Some(owner)), "provider");
        assert_rejected(routing.delete_policy("p", Some(owner), None), "provider");
    }
    assert_rejected(try_put(store, Some("gone"), "p", BREAKER, "{}"), "provider");
    for (kind, config, field) in [
        (BREAKER, r#"{"failure_percent": 101}"#, "config.failure_percent"),
        (BREAKER, r#"{"min_requests": 0}"#, "config.min_requests"),
        (BREAKER, r#"{"window_minutes": 61}"#, "config.window_minutes"),
        (BREAKER, r#"{"open_seconds": "60"}"#, "config.open_seconds"),
        (BREAKER, r#"{"failures": 1}"#, "config"),
        (FALLBACK, "{}", "config.providers"),
        (FALLBACK, r#"{"providers": ["a", "gone"]}"#, "config.providers"),
        (FALLBACK, r#"{"providers": ["a", "A"]}"#, "config.providers[1]"),
        (BALANCE, r#"{"strategy": "';--"}"#, "config.strategy"),
    ] {
        assert_rejected(try_put(store, None, "p", kind, config), field);
    }
    let own = try_put(store, Some("a"), "p", FALLBACK, r#"{"providers": ["a"]}"#);
    assert_rejected(own, "config.providers");
    for version in [-1, i64::MIN] {
        let new = NewPolicy::new("p", BREAKER);
        assert_rejected(routing.put_policy(&new, Some(version)), "expected_version");
        assert_rejected(routing.delete_policy("p", None, Some(version)), "expected_version");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_provider_policies"), 0);
}

fn an_owner_has_one_enabled_policy_of_a_kind(store: &Store) {
    create(store, "a", 0);
    put(store, None, "first", BREAKER, "{}");
    let second = try_put(store, None, "second", BREAKER, "{}");
    let message = second.as_ref().expect_err("it is refused").to_string();
    assert!(message.contains("first"), "{message}");
    assert_conflict(second, "kind");
    put(store, None, "balance", BALANCE, r#"{"strategy": "weight"}"#);
    put(store, Some("a"), "first", BREAKER, "{}");
    let disabled = NewPolicy { enabled: false, ..NewPolicy::new("second", BREAKER) };
    store.routing().put_policy(&disabled, None).expect("it is not enabled");
    // Neither may a policy of another kind become the second one.
    assert_conflict(try_put(store, None, "balance", BREAKER, "{}"), "kind");
    let first = NewPolicy { enabled: false, ..NewPolicy::new("first", BREAKER) };
    store.routing().put_policy(&first, None).expect("it is disabled");
    assert_eq!(put(store, None, "second", BREAKER, "{}").version, 2);
}

fn another_version_than_the_expected_one_is_a_conflict(store: &Store) {
    let routing = store.routing();
    let new = NewPolicy::new("p", BREAKER);
    assert_conflict(routing.put_policy(&new, Some(1)), "expected_version");
    assert_conflict(routing.delete_policy("p", None, Some(1)), "expected_version");
    assert_conflict(routing.delete_policy("p", Some("gone"), Some(1)), "expected_version");
    assert!(!routing.delete_policy("p", None, Some(0)).expect("there is none"));
    routing.put_policy(&new, Some(0)).expect("it is stored");
    assert_conflict(routing.put_policy(&new, Some(0)), "expected_version");
    let changed = policy(None, "p", BREAKER, r#"{"min_requests": 1}"#);
    assert_eq!(routing.put_policy(&changed, Some(1)).expect("it is stored").version, 2);
    assert_conflict(routing.put_policy(&new, Some(1)), "expected_version");
    assert_conflict(routing.delete_policy("p", None, Some(1)), "expected_version");
    assert_eq!(get(store, "p", None).expect("it exists").version, 2);
    assert!(routing.delete_policy("p", None, Some(2)).expect("it is deleted"));
}

fn a_deleted_provider_takes_its_policies_along(store: &Store) {
    create(store, "a", 0);
    create(store, "b", 0);
    put(store, Some("a"), "p", BREAKER, "{}");
    put(store, Some("b"), "p", FALLBACK, r#"{"providers": ["a"]}"#);
    put(store, None, "p", FALLBACK, r#"{"providers": ["a", "b"]}"#);
    assert!(store.providers().delete_provider("a").expect("it is deleted"));
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_provider_policies"), 2);
    // The name stays in other policies, which can still be disabled with another list.
    let left = get(store, "p", None).expect("it exists");
    assert_eq!(left.config.as_json(), r#"{"providers":["a","b"]}"#);
    let again = try_put(store, None, "p", FALLBACK, left.config.as_json());
    assert_rejected(again, "config.providers");
    put(store, None, "p", FALLBACK, r#"{"providers": ["b"]}"#);
    create(store, "a", 0);
    assert_eq!(get(store, "p", Some("a")), None, "it is another provider");
}

fn a_policy_of_another_program_is_read_if_it_is_valid(store: &Store) {
    create(store, "a", 0);
    put(store, None, "p", BALANCE, r#"{"strategy": "cost"}"#);
    let other = store.new_handle();
    store.raw.execute(r#"UPDATE chat_provider_policies SET config = '{"strategy": "later"}'"#);
    let read = other.routing().get_policy("p", None).expect("it is read").expect("it exists");
    assert_eq!(read.config.as_json(), r#"{"strategy":"later"}"#);
    let error = other.routing().choose_model(&chatkeep::ChooseRequest::default());
    let error = error.expect_err("it is not known");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("config.strategy"), "{error}");
    assert!(store.raw.try_execute("UPDATE chat_provider_policies SET kind = 'x'").is_err());
}
