//! Metadata is returned in one canonical form, independent of the engine's JSON type.

use chatkeep::{Metadata, NewMessage};
use serde_json::Value;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    keys_are_sorted_and_the_last_duplicate_wins,
    numbers_round_trip,
    strings_and_keys_round_trip,
    nesting_is_stored_up_to_the_limit,
    a_large_document_round_trips,
    empty_values_round_trip,
    metadata_of_other_programs_is_normalized_on_read,
];

/// Returns a document after a round trip through the engine, logged alone and in a batch of rows.
#[track_caller]
fn stored(store: &Store, document: &str) -> String {
    let message = NewMessage::new("m").with_metadata(Metadata::parse(document).expect(document));
    let alone = store.round_trip(&message).metadata.expect("the message has metadata");
    let ids = store
        .messages()
        .log_messages(&[NewMessage::new("first"), message])
        .expect("the messages are logged");
    let together = store
        .messages()
        .get_message_by_id(ids[1])
        .expect("the query succeeds")
        .expect("the message exists");
    assert_eq!(together.metadata.as_ref(), Some(&alone));
    alone.as_json().to_owned()
}

fn keys_are_sorted_and_the_last_duplicate_wins(store: &Store) {
    assert_eq!(
        stored(store, r#" {"b" : 1, "a": {"z": 1, "y": 2} , "aa":3, "B":4}"#),
        r#"{"B":4,"a":{"y":2,"z":1},"aa":3,"b":1}"#
    );
    assert_eq!(stored(store, r#"{"a": 1, "b": 2, "a": 3}"#), r#"{"a":3,"b":2}"#);
    assert_eq!(
        stored(store, r#"{"é": 1, "e": 2, "😀": 3, "z": 4, "～": 5}"#),
        r#"{"e":2,"z":4,"é":1,"～":5,"😀":3}"#
    );
}

fn numbers_round_trip(store: &Store) {
    for (input, expected) in [
        ("0", "0"),
        ("-0", "0.0"),
        ("-0.0", "0.0"),
        ("1", "1"),
        ("1.0", "1.0"),
        ("1.50", "1.5"),
        ("1e2", "100.0"),
        ("1E-2", "0.01"),
        ("0.1", "0.1"),
        ("9007199254740993", "9007199254740993"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        ("1e18", "1000000000000000000.0"),
        ("5e18", "5000000000000000000.0"),
        ("18446744073709551616.0", "18446744073709551616.0"),
        ("1e20", "100000000000000000000.0"),
        ("1e21", "1e+21"),
        ("1e22", "1e+22"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5e-324", "5e-324"),
        ("2.2250738585072014e-308", "2.2250738585072014e-308"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("123456789.123456789", "123456789.12345679"),
        ("1e-7", "1e-7"),
        ("1e-10", "1e-10"),
        ("1e-400", "0.0"),
    ] {
        assert_eq!(
            stored(store, &format!(r#"{{"n": {input}}}"#)),
            format!(r#"{{"n":{expected}}}"#),
            "{input}"
        );
    }
}

fn strings_and_keys_round_trip(store: &Store) {
    for text in [
        "",
        " ",
        "\u{1f600}",
        "e\u{301}",
        "\"\\/",
        "\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}",
        "\u{2028}",
        "\u{ffff}",
        "<b>&'%_",
    ] {
        let document = serde_json::json!({ "k": text, text: [text] }).to_string();
        assert_eq!(stored(store, &document), document, "{text:?}");
    }
    assert_eq!(stored(store, r#"{"\u0061": "\u00e9\ud83d\ude00\/"}"#), r#"{"a":"é😀/"}"#);
}

fn nesting_is_stored_up_to_the_limit(store: &Store) {
    let lists =
        |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for document in [lists(Metadata::MAX_DEPTH), objects(Metadata::MAX_DEPTH)] {
        assert_eq!(stored(store, &document), document);
    }
    for depth in [Metadata::MAX_DEPTH + 1, 127, 128, 10_000, 100_000] {
        assert_rejected(Metadata::parse(&lists(depth)), "metadata");
        assert_rejected(Metadata::parse(&objects(depth)), "metadata");
    }
}

fn a_large_document_round_trips(store: &Store) {
    let map =
        (0..2_000).map(|n| (format!("key {n:04}"), Value::from("é\u{1f600}".repeat(50)))).collect();
    let document = Metadata::from_map(map).expect("a document");
    assert!(document.as_json().len() > 600_000);
    assert!(stored(store, document.as_json()) == document.as_json(), "the document round-trips");
}

fn empty_values_round_trip(store: &Store) {
    for document in [
        "{}",
        r#"{"":""}"#,
        r#"{"a":null}"#,
        r#"{"a":[]}"#,
        r#"{"a":{}}"#,
        r#"{"a":[[],{},null,""]}"#,
    ] {
        assert_eq!(stored(store, document), document);
    }
}

fn metadata_of_other_programs_is_normalized_on_read(store: &Store) {
    let id = store.messages().log_message(&NewMessage::new("a")).expect("the message is logged");
    store.raw.execute(&format!(
        "UPDATE messages SET metadata = '{{ \"b\" : 1.0, \"a\" : [ 1 ] }}' WHERE id = {id}"
    ));
    let read = store
        .messages()
        .get_message_by_id(id)
        .expect("the query succeeds")
        .expect("the message exists");
    assert_eq!(read.metadata.expect("metadata").as_json(), r#"{"a":[1],"b":1.0}"#);
    assert!(
        store.raw.try_execute("UPDATE messages SET metadata = '{not json'").is_err(),
        "the table rejects text that is not JSON"
    );
}
