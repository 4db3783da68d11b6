//! Filters give the same answer on every engine.

use chatkeep::NewMemory;

use super::{found, keys, put, put_all, search, segments};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    values_are_compared_by_their_types,
    hostile_keys_and_texts_are_compared_as_they_are,
    matches_of_many_pages_are_ordered_by_their_last_change,
    large_values_are_found,
    unknown_operators_are_refused,
];

fn values_are_compared_by_their_types(store: &Store) {
    let values = [
        ("integer", "1"),
        ("double", "1.0"),
        ("text", r#""1""#),
        ("true", "true"),
        ("null", "null"),
        ("nine", "9"),
        ("ten", r#""10""#),
        ("big", "9007199254740993"),
        ("huge", "18446744073709551615"),
        ("tiny", "-1e300"),
        ("list", "[1, 2.0]"),
        ("object", r#"{"x": 1, "y": {"z": null}}"#),
    ];
    for (key, value) in values {
        put(store, &["n"], key, &format!(r#"{{"a": {value}}}"#));
    }
    put(store, &["n"], "missing", "{}");
    for (wanted, expected) in [
        ("1", &["integer", "double"][..]),
        (r#""1""#, &["text"]),
        ("true", &["true"]),
        ("false", &[]),
        ("null", &["null", "missing"]),
        ("9007199254740992.0", &[]),
        ("18446744073709551615", &["huge"]),
        ("[1.0, 2]", &["list"]),
        ("[2, 1]", &[]),
        (r#"{"y": {"z": null}, "x": 1.0}"#, &["object"]),
        (r#"{"x": 1}"#, &[]),
        (r#"{"$gt": 1}"#, &["nine", "big", "huge"]),
        (r#"{"$gt": 9007199254740992}"#, &["big", "huge"]),
        (r#"{"$lte": 1}"#, &["integer", "double", "tiny"]),
        (r#"{"$lt": "9"}"#, &["text", "ten"]),
        (r#"{"$gt": "1"}"#, &["ten"]),
        (r#"{"$gte": 1, "$lt": 9}"#, &["integer", "double"]),
        (r#"{"$ne": 1, "$lt": 100}"#, &["nine", "tiny"]),
        (r#"{"$eq": "10"}"#, &["ten"]),
    ] {
        let found = found(store, &["n"], Some(&format!(r#"{{"a": {wanted}}}"#)));
        let mut found = keys(&found);
        found.reverse();
        assert_eq!(found, expected, "{wanted}");
    }
    let others = found(store, &["n"], Some(r#"{"a": {"$ne": 1}}"#));
    assert_eq!(others.len(), values.len() - 1);
}

fn hostile_keys_and_texts_are_compared_as_they_are(store: &Store) {
    let hostile = [
        "",
        "a",
        "A",
        "a ",
        "é",
        "e\u{301}",
        "a.b",
        "$.a",
        "a\"b",
        "a'b",
        "%",
        "_",
        "\\",
        "🎉",
        "') OR 1=1 --",
        "[0]",
        "*",
        "-1",
    ];
    for (number, text) in hostile.iter().enumerate() {
        let value = serde_json::json!({ *text: *text, "number": number });
        put(store, &["n"], &format!("{number}"), &value.to_string());
    }
    for (number, text) in hostile.iter().enumerate() {
        for filter in [
            serde_json::json!({ *text: *text }),
            serde_json::json!({ *text: { "$eq": *text } }),
            serde_json::json!({ *text: { "$gte": *text }, "number": { "$lte": 1_000 } }),
        ] {
            let found = found(store, &["n"], Some(&filter.to_string()));
            assert_eq!(keys(&found), [format!("{number}")], "{text:?}");
        }
    }
}

fn matches_of_many_pages_are_ordered_by_their_last_change(store: &Store) {
    const COUNT: usize = 2_500;
    let item = |number: usize| {
        let value = metadata(&format!(r#"{{"n": {number}, "third": {}}}"#, number % 3));
        // The order of the keys is not that of the changes.
        NewMemory::new([format!("{}", number * 7_919 % COUNT)], format!("{number:05}"), value)
    };
    let items: Vec<_> = (0..COUNT).map(item).collect();
    put_all(store, &items);
    // Now they are the latest ones.
    for number in [9, 3] {
        store.memory().put_memories(&[item(number)]).expect("it is stored");
    }
    let all = search(store, &[], Some(metadata(r#"{"third": 0}"#)));
    assert_eq!(all.len(), 834);
    assert_eq!(keys(&all[..2]), ["00003", "00009"]);
    let page = |limit, offset| {
        let filter = Some(metadata(r#"{"third": 0}"#));
        let page = store.memory().search_memories(&[], filter, limit, offset, true);
        page.expect("the query succeeds")
    };
    assert_eq!(page(834, 0), all);
    assert_eq!(page(10, 0), all[..10]);
    assert_eq!(page(10, 830), all[830..]);
    assert_eq!(page(10, 834), []);
    assert_eq!(page(10, 1_000_000), []);
    let everything = search(store, &[], None);
    assert_eq!(everything.len(), COUNT);
    assert_eq!(keys(&everything[..2]), ["00003", "00009"]);
    let filter = metadata(r#"{"n": {"$gte": 0}}"#);
    assert_eq!(search(store, &[], Some(filter)), everything, "the same order without a filter");
}

fn large_values_are_found(store: &Store) {
    for number in 0..8 {
        let value = format!(r#"{{"n": {number}, "text": "{}"}}"#, "x".repeat(2 << 20));
        put(store, &["n", &format!("{number}")], "k", &value);
    }
    assert_eq!(found(store, &["n"], None).len(), 8);
    let odd = found(store, &["n"], Some(r#"{"n": {"$gte": 6}}"#));
    assert_eq!(odd.iter().map(|item| item.namespace[1].as_str()).collect::<Vec<_>>(), ["7", "6"]);
}

fn unknown_operators_are_refused(store: &Store) {
    put(store, &["n"], "k", r#"{"a": 1}"#);
    for filter in
        [r#"{"a": {"$in": [1]}}"#, r#"{"a": {"$gt": 0, "b": 1}}"#, r#"{"a": {"$gt": true}}"#]
    {
        let filter = Some(metadata(filter));
        let searched = store.memory().search_memories(&segments(&["n"]), filter, 10, 0, true);
        assert_rejected(searched, "filter");
    }
}
