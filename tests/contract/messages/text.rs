//! Text round-trips byte for byte.

use chatkeep::{ErrorKind, MAX_ROW_BYTES, NewMessage};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, everything, metadata};

on_every_engine![
    every_field_round_trips,
    omitted_fields_are_none,
    scripts_and_emoji_round_trip,
    empty_text_is_distinct_from_a_missing_response,
    whitespace_is_preserved,
    sql_and_json_in_text_are_literal,
    texts_around_64_kib_round_trip,
    ten_megabytes_round_trip,
    a_row_over_the_limit_is_rejected_and_logging_continues,
    a_nul_character_is_rejected_by_field_name,
    an_unknown_id_returns_none,
];

fn every_field_round_trips(store: &Store) {
    let message = NewMessage::new("What is WAL?")
        .with_response("Write-ahead logging.")
        .with_provider("openai")
        .with_model("gpt-4o")
        .with_tokens_used(42)
        .with_metadata(metadata(r#"{"session": "a1"}"#))
        .with_timestamp(crate::store::at("2024-02-29T12:00:00.000001Z"));
    let stored = store.round_trip(&message);
    assert_eq!(stored.user_message, "What is WAL?");
    assert_eq!(stored.bot_response.as_deref(), Some("Write-ahead logging."));
    assert_eq!(stored.provider.as_deref(), Some("openai"));
    assert_eq!(stored.model.as_deref(), Some("gpt-4o"));
    assert_eq!(stored.tokens_used, Some(42));
    assert_eq!(stored.metadata, message.metadata);
    assert_eq!(Some(stored.timestamp), message.timestamp);
}

fn omitted_fields_are_none(store: &Store) {
    let stored = store.round_trip(&NewMessage::new("a"));
    assert_eq!((stored.bot_response, stored.provider, stored.model), (None, None, None));
    assert_eq!((stored.tokens_used, stored.metadata), (None, None));
}

fn scripts_and_emoji_round_trip(store: &Store) {
    let texts = [
        "\u{1f600}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} a family of four",
        "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
        "שלום \u{202e}abc\u{202c} مرحبا",
        "e\u{301} is not é",
        "Z\u{351}\u{36b}\u{343}a\u{328}\u{32e}lgo",
        "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}",
        "𠜎𠜱 漢字 ｶﾅ \u{3000}",
        "\u{feff}with a byte order mark",
        "\u{1}\u{7}\u{1b}[31m\u{7f}\u{85}\u{2028}",
    ];
    let batch: Vec<_> =
        texts.iter().map(|text| NewMessage::new(*text).with_response(*text)).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    for (stored, text) in store.all().iter().zip(texts) {
        assert_eq!(stored.user_message, text);
        assert_eq!(stored.bot_response.as_deref(), Some(text));
        assert_eq!(store.round_trip(&NewMessage::new(text)).user_message, text);
    }
}

fn empty_text_is_distinct_from_a_missing_response(store: &Store) {
    let empty =
        store.round_trip(&NewMessage::new("").with_response("").with_provider("").with_model(""));
    assert_eq!(empty.user_message, "");
    assert_eq!(empty.bot_response.as_deref(), Some(""));
    assert_eq!(empty.provider.as_deref(), Some(""));
    assert_eq!(empty.model.as_deref(), Some(""));
    assert_eq!(store.round_trip(&NewMessage::new("")).bot_response, None);
}

fn whitespace_is_preserved(store: &Store) {
    for text in [" ", "   ", "\t", "\r\n", "a ", " a", "a\n", "\na\r", "a\u{a0}"] {
        let stored = store.round_trip(
            &NewMessage::new(text).with_response(text).with_provider(text).with_model(text),
        );
        assert_eq!(stored.user_message, text);
        assert_eq!(stored.bot_response.as_deref(), Some(text));
        assert_eq!(stored.provider.as_deref(), Some(text));
        assert_eq!(stored.model.as_deref(), Some(text));
    }
}

fn sql_and_json_in_text_are_literal(store: &Store) {
    for text in [
        "'; DROP TABLE messages; --",
        "\\",
        "\\N",
        "\\x00",
        "$1 ? :a %s {}",
        "null",
        "{\"a\": 1}",
        "0x41",
        "1e3",
    ] {
        assert_eq!(store.round_trip(&NewMessage::new(text).with_response(text)).user_message, text);
    }
    assert_eq!(store.count(), 9);
}

fn texts_around_64_kib_round_trip(store: &Store) {
    for length in [65_535, 65_536, 65_537] {
        let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
        assert!(
            store.round_trip(&NewMessage::new(text.as_str())).user_message == text,
            "{length} bytes"
        );
    }
}

fn ten_megabytes_round_trip(store: &Store) {
    let text = "ten million \u{1f600}\u{301} characters ".repeat(350_000);
    assert!(text.len() > 10_000_000);
    let stored = store.round_trip(&NewMessage::new("short").with_response(text.as_str()));
    assert!(stored.bot_response.is_some_and(|answer| answer == text), "the response round-trips");
}

fn a_row_over_the_limit_is_rejected_and_logging_continues(store: &Store) {
    let too_long = "x".repeat(usize::try_from(MAX_ROW_BYTES).expect("fits") + 1);
    assert_rejected(
        store.messages().log_message(&NewMessage::new("a").with_response(too_long.as_str())),
        "bot_response",
    );
    let batch = [NewMessage::new("a"), NewMessage::new(too_long)];
    assert_rejected(store.messages().log_messages(&batch), "messages[1].user_message");
    assert_eq!(store.count(), 0);
    store.round_trip(&NewMessage::new("the next one"));
}

fn a_nul_character_is_rejected_by_field_name(store: &Store) {
    let cases = [
        (NewMessage::new("a\0b"), "user_message"),
        (NewMessage::new("a").with_response("\0"), "bot_response"),
        (NewMessage::new("a").with_provider("p\0"), "provider"),
        (NewMessage::new("a").with_model("\0m"), "model"),
    ];
    for (message, field) in cases {
        assert_rejected(store.messages().log_message(&message), field);
        assert_rejected(store.messages().log_messages(&[message]), &format!("messages[0].{field}"));
    }
    let found = store.messages().search_messages(
        "a\0",
        &chatkeep::MessageFilter::default(),
        &chatkeep::Page::default(),
    );
    assert_eq!(found.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
    assert_eq!(store.texts(&everything()), Vec::<String>::new());
}

fn an_unknown_id_returns_none(store: &Store) {
    let id = store.messages().log_message(&NewMessage::new("a")).expect("the message is logged");
    for other in [id + 1, 0, -1, i64::MIN, i64::MAX] {
        assert_eq!(store.messages().get_message_by_id(other).expect("the query succeeds"), None);
    }
}
