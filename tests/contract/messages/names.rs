//! Provider and model names: their length is counted in characters, and longer names are rejected,
//! not truncated.

use chatkeep::NewMessage;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, everything};

on_every_engine![
    the_length_limit_of_a_name_counts_characters,
    a_too_long_name_is_rejected_and_nothing_is_stored,
    tokens_used_ranges_from_zero_to_the_largest_i64,
];

fn the_length_limit_of_a_name_counts_characters(store: &Store) {
    for character in ["x", "é", "漢", "\u{1f600}", " "] {
        let (provider, model) = (character.repeat(50), character.repeat(100));
        let message =
            NewMessage::new(character).with_provider(provider.as_str()).with_model(model.as_str());
        let stored = store.round_trip(&message);
        assert_eq!((stored.provider, stored.model), (message.provider, message.model));
        assert_eq!(
            store.texts(&everything().with_provider(provider).with_model(model)),
            [character]
        );
    }
}

fn a_too_long_name_is_rejected_and_nothing_is_stored(store: &Store) {
    for character in ["x", "é", "\u{1f600}", " "] {
        let provider = NewMessage::new("a").with_provider(character.repeat(51));
        assert_rejected(store.messages().log_message(&provider), "provider");
        assert_rejected(
            store.messages().log_messages(&[NewMessage::new("b"), provider]),
            "messages[1].provider",
        );
        let model = NewMessage::new("a").with_model(character.repeat(101));
        assert_rejected(store.messages().log_message(&model), "model");
        assert_rejected(
            store.messages().log_messages(&[model, NewMessage::new("b")]),
            "messages[0].model",
        );
    }
    assert_eq!(store.count(), 0);
}

fn tokens_used_ranges_from_zero_to_the_largest_i64(store: &Store) {
    for tokens in [0, 1, i64::from(i32::MAX) + 1, i64::MAX] {
        assert_eq!(
            store.round_trip(&NewMessage::new("a").with_tokens_used(tokens)).tokens_used,
            Some(tokens)
        );
    }
    for tokens in [-1, i64::MIN] {
        assert_rejected(
            store.messages().log_message(&NewMessage::new("a").with_tokens_used(tokens)),
            "tokens_used",
        );
    }
}
