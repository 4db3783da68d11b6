//! Filters on a metadata key and value: any key works, and values of different types are distinct.

use chatkeep::{MessageFilter, NewMessage};
use serde_json::{Value, json};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, everything, metadata};

on_every_engine![
    special_characters_in_keys_are_literal,
    values_are_distinguished_by_type,
    one_and_one_point_zero_are_equal,
    large_integers_are_compared_exactly,
    strings_are_compared_character_by_character,
    only_top_level_keys_match,
    several_keys_must_all_match,
    unsupported_values_are_rejected,
    a_message_without_metadata_matches_no_filter,
];

fn log(store: &Store, documents: &[&str]) {
    let batch: Vec<_> =
        documents.iter().map(|json| NewMessage::new(*json).with_metadata(metadata(json))).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
}

/// Returns the texts that a filter finds, oldest first.
fn found(store: &Store, key: &str, value: impl Into<Value>) -> Vec<String> {
    let filter = everything().with_metadata(key, value).expect("a filter");
    let mut found = store.texts(&filter);
    assert_eq!(
        store.messages().get_message_count(&filter).expect("the query succeeds"),
        found.len() as i64
    );
    found.reverse();
    found
}

fn special_characters_in_keys_are_literal(store: &Store) {
    let keys = [
        "a b",
        "a\"b",
        "a\\b",
        "a\\\"b",
        "a.b",
        "$",
        "$.a",
        "a[0]",
        "[0]",
        "*",
        "**",
        "a*",
        "",
        " ",
        "é",
        "e\u{301}",
        "\u{1f600}",
        "a'b",
        "a\nb",
        "a\tb",
        "\u{1}",
        "-1",
        "0",
        "last",
        "#",
        "@",
        "%",
        "?",
        "a",
        "A",
        "a ",
        "{\"a\": 1}",
        "\\u0061",
        "key",
    ];
    let documents: Vec<_> = keys.iter().map(|key| json!({*key: "x"}).to_string()).collect();
    log(store, &documents.iter().map(String::as_str).collect::<Vec<_>>());
    for (key, document) in keys.iter().zip(&documents) {
        assert_eq!(found(store, key, "x"), [document.as_str()], "key {key:?}");
        assert_eq!(found(store, key, "y"), Vec::<String>::new(), "key {key:?}");
    }
    assert_eq!(found(store, "b", "x"), Vec::<String>::new());
}

fn values_are_distinguished_by_type(store: &Store) {
    let documents = [
        r#"{"k":1}"#,
        r#"{"k":"1"}"#,
        r#"{"k":true}"#,
        r#"{"k":"true"}"#,
        r#"{"k":false}"#,
        r#"{"k":0}"#,
        r#"{"k":null}"#,
        r#"{"k":"null"}"#,
        r#"{"k":""}"#,
        r#"{"k":[1]}"#,
        r#"{"k":["1"]}"#,
        r#"{"k":{"1":1}}"#,
        r#"{"k":{}}"#,
        r#"{"k":[]}"#,
        r#"{"k":"[1]"}"#,
        r#"{"k":"{}"}"#,
        r#"{"k":"\"1\""}"#,
        r#"{"other":1}"#,
    ];
    log(store, &documents);
    for value in [
        json!(1),
        json!("1"),
        json!(true),
        json!("true"),
        json!(false),
        json!(0),
        json!(null),
        json!("null"),
    ] {
        assert_eq!(found(store, "k", value.clone()), [json!({"k": value}).to_string()]);
    }
    for value in ["", "[1]", "{}", "\"1\""] {
        assert_eq!(found(store, "k", value), [json!({"k": value}).to_string()]);
    }
}

fn one_and_one_point_zero_are_equal(store: &Store) {
    log(
        store,
        &[
            r#"{"k":1}"#,
            r#"{"k":1.0}"#,
            r#"{"k":1.5}"#,
            r#"{"k":-1}"#,
            r#"{"k":0}"#,
            r#"{"k":-0.0}"#,
            r#"{"k":1e2}"#,
        ],
    );
    for one in [json!(1), json!(1.0)] {
        assert_eq!(found(store, "k", one), [r#"{"k":1}"#, r#"{"k":1.0}"#]);
    }
    assert_eq!(found(store, "k", 1.5), [r#"{"k":1.5}"#]);
    assert_eq!(found(store, "k", 100), [r#"{"k":1e2}"#]);
    for zero in [json!(0), json!(0.0), json!(-0.0)] {
        assert_eq!(found(store, "k", zero), [r#"{"k":0}"#, r#"{"k":-0.0}"#]);
    }
}

fn large_integers_are_compared_exactly(store: &Store) {
    let documents = [
        r#"{"k":9007199254740992}"#,
        r#"{"k":9007199254740993}"#,
        r#"{"k":9223372036854775807}"#,
        r#"{"k":9223372036854775806}"#,
        r#"{"k":-9223372036854775808}"#,
        r#"{"k":-9223372036854775807}"#,
        r#"{"k":9007199254740992.0}"#,
        r#"{"k":0.1}"#,
        r#"{"k":0.30000000000000004}"#,
        r#"{"k":1e300}"#,
        r#"{"k":5e-324}"#,
        r#"{"k":-9223372036854775808.0}"#,
        r#"{"k":9223372036854775808.0}"#,
    ];
    log(store, &documents);
    assert_eq!(found(store, "k", i64::MIN), [documents[4], documents[11]]);
    for integer in [9_007_199_254_740_993_i64, i64::MAX, i64::MAX - 1, i64::MIN + 1] {
        assert_eq!(found(store, "k", integer), [json!({"k": integer}).to_string()]);
    }
    for value in [json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_992.0)] {
        assert_eq!(found(store, "k", value), [documents[0], documents[6]]);
    }
    // Doubles close to integers that they do not equal.
    assert_eq!(found(store, "k", -9_223_372_036_854_775_808.0), [documents[4], documents[11]]);
    assert_eq!(found(store, "k", -9_223_372_036_854_775_809.0 - 2048.0), Vec::<String>::new());
    assert_eq!(found(store, "k", 9_223_372_036_854_774_784.0), Vec::<String>::new());
    assert_eq!(found(store, "k", 0.1), [documents[7]]);
    assert_eq!(found(store, "k", 0.1 + 0.2), [documents[8]]);
    assert_eq!(found(store, "k", 0.3), Vec::<String>::new());
    assert_eq!(found(store, "k", 1e300), [documents[9]]);
    assert_eq!(found(store, "k", 5e-324), [documents[10]]);
}

fn strings_are_compared_character_by_character(store: &Store) {
    let values = [
        "a",
        "A",
        "a ",
        " a",
        "á",
        "a\u{301}",
        "\u{1f600}",
        "ß",
        "ss",
        "\"",
        "\\",
        "a\nb",
        "%",
        "_",
        "\u{1}",
        "/",
        "\u{7f}",
    ];
    let documents: Vec<_> = values.iter().map(|value| json!({"k": value}).to_string()).collect();
    log(store, &documents.iter().map(String::as_str).collect::<Vec<_>>());
    for (value, document) in values.iter().zip(&documents) {
        assert_eq!(found(store, "k", *value), [document.as_str()], "value {value:?}");
    }
    assert_eq!(found(store, "k", "a  "), Vec::<String>::new());
    assert_eq!(found(store, "K", "a"), Vec::<String>::new());
}

fn only_top_level_keys_match(store: &Store) {
    log(store, &[r#"{"a":{"k":1}}"#, r#"{"a":[{"k":1}]}"#, r#"{"a.k":1}"#, r#"{"k":1}"#]);
    assert_eq!(found(store, "k", 1), [r#"{"k":1}"#]);
    assert_eq!(found(store, "a.k", 1), [r#"{"a.k":1}"#]);
}

fn several_keys_must_all_match(store: &Store) {
    log(store, &[r#"{"a":1,"b":"x"}"#, r#"{"a":1,"b":"y"}"#, r#"{"a":2,"b":"x"}"#]);
    let both = everything()
        .with_metadata("a", 1)
        .and_then(|filter| filter.with_metadata("b", "x"))
        .expect("a filter");
    assert_eq!(store.texts(&both), [r#"{"a":1,"b":"x"}"#]);
    let never = both.with_metadata("a", 2).expect("a filter");
    assert_eq!(store.texts(&never), Vec::<String>::new());
}

fn unsupported_values_are_rejected(_: &Store) {
    let assert_invalid = |key: &str, value: Value| {
        assert_rejected(MessageFilter::default().with_metadata(key, value), "metadata");
    };
    assert_invalid("k", json!([1]));
    assert_invalid("k", json!({"a": 1}));
    assert_invalid("k", json!(1_u64 << 63));
    assert_invalid("k", json!(u64::MAX));
    assert_invalid("k", json!(9_223_372_036_854_775_808.0));
    assert_invalid("k", json!(18_446_744_073_709_551_616.0));
    assert_invalid("k", json!("a\0b"));
    assert_invalid("a\0", json!(1));
    assert_invalid(&"x".repeat(65_536), json!(1));
}

fn a_message_without_metadata_matches_no_filter(store: &Store) {
    store.round_trip(&NewMessage::new("none"));
    log(store, &["{}"]);
    assert_eq!(found(store, "k", Value::Null), Vec::<String>::new());
    assert_eq!(store.texts(&everything()), ["{}", "none"]);
}
