//! Totals by provider, model and day.

use std::collections::BTreeMap;

use chatkeep::{Analytics, AnalyticsFilter, NewMessage, Timestamp};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at};

on_every_engine![
    analytics_of_an_empty_log_are_zero,
    missing_providers_and_models_count_as_unknown,
    averages_exclude_messages_without_a_token_count,
    sums_beyond_64_bits_are_exact,
    days_begin_at_midnight_in_utc,
    start_and_end_are_inclusive,
    names_are_distinguished_exactly,
];

fn totals(store: &Store) -> Analytics {
    store.messages().get_analytics(&AnalyticsFilter::default()).expect("the query succeeds")
}

fn counts(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn analytics_of_an_empty_log_are_zero(store: &Store) {
    assert_eq!(totals(store), Analytics::default());
    let json = serde_json::to_value(totals(store)).expect("JSON");
    let expected = serde_json::json!({
        "total_messages": 0, "total_tokens": 0, "average_tokens": null, "providers": {}, "models": {}, "by_date": {},
        "total_cost": "0", "messages_with_cost": 0, "cost_by_provider": {}, "cost_by_model": {}, "cost_by_date": {},
    });
    assert_eq!(json, expected);
}

fn missing_providers_and_models_count_as_unknown(store: &Store) {
    let moment = at("2024-05-06");
    let batch = [
        NewMessage::new("1").with_provider("openai").with_model("gpt-4o"),
        NewMessage::new("2").with_provider("openai"),
        NewMessage::new("3").with_model("gpt-4o"),
        NewMessage::new("4"),
        NewMessage::new("5").with_provider("unknown").with_model(""),
    ]
    .map(|message| message.with_timestamp(moment));
    store.messages().log_messages(&batch).expect("the messages are logged");
    let totals = totals(store);
    assert_eq!(totals.total_messages, 5);
    assert_eq!(totals.providers, counts(&[("openai", 2), ("unknown", 3)]));
    assert_eq!(totals.models, counts(&[("", 1), ("gpt-4o", 2), ("unknown", 2)]));
    assert_eq!(totals.by_date, counts(&[("2024-05-06", 5)]));
}

fn averages_exclude_messages_without_a_token_count(store: &Store) {
    store.round_trip(&NewMessage::new("no count"));
    assert_eq!((totals(store).total_tokens, totals(store).average_tokens), (0, None));
    store.round_trip(&NewMessage::new("zero is a count").with_tokens_used(0));
    assert_eq!(totals(store).average_tokens, Some(0.0));
    store.round_trip(&NewMessage::new("a").with_tokens_used(10));
    store.round_trip(&NewMessage::new("b").with_tokens_used(15));
    let totals = totals(store);
    assert_eq!((totals.total_messages, totals.total_tokens), (4, 25));
    assert_eq!(totals.average_tokens, Some(25.0 / 3.0));
}

fn sums_beyond_64_bits_are_exact(store: &Store) {
    for (count, tokens) in [(5, i64::MAX), (1, 7), (1, 4_294_967_295), (1, 4_294_967_296)] {
        for _ in 0..count {
            store.round_trip(&NewMessage::new("a").with_provider("p").with_tokens_used(tokens));
        }
    }
    let sum = 5 * i128::from(i64::MAX) + 7 + 4_294_967_295 + 4_294_967_296;
    let totals = totals(store);
    assert_eq!(totals.total_tokens, sum);
    assert_eq!(totals.average_tokens, Some(sum as f64 / 8.0));
    let json = serde_json::to_string(&totals).expect("JSON");
    assert!(json.contains(&format!("\"total_tokens\":{sum}")), "{json}");
}

fn days_begin_at_midnight_in_utc(store: &Store) {
    for moment in [
        "2024-02-28T23:59:59.999999Z",
        "2024-02-29T00:00:00Z",
        "2024-02-29T23:59:59.999999Z",
        "2024-03-01T00:30:00+01:00",
        "2024-03-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1000-01-01T00:00:00Z",
    ] {
        store.log_at(moment, moment);
    }
    let expected = counts(&[
        ("1000-01-01", 1),
        ("1969-12-31", 1),
        ("2024-02-28", 1),
        ("2024-02-29", 3),
        ("2024-03-01", 1),
    ]);
    assert_eq!(totals(store).by_date, expected);
}

fn start_and_end_are_inclusive(store: &Store) {
    for second in 0..5 {
        let message =
            NewMessage::new("a").with_timestamp(at(&format!("2024-01-01T00:00:0{second}Z")));
        store
            .messages()
            .log_message(&message.with_tokens_used(10_i64.pow(second)))
            .expect("the message is logged");
    }
    let tokens = |start: Option<Timestamp>, end: Option<Timestamp>| {
        store
            .messages()
            .get_analytics(&AnalyticsFilter::between(start, end))
            .expect("the query succeeds")
            .total_tokens
    };
    let (from, to) = (at("2024-01-01T00:00:01Z"), at("2024-01-01T00:00:03Z"));
    assert_eq!(tokens(Some(from), Some(to)), 1_110);
    assert_eq!(tokens(Some(from), None), 11_110);
    assert_eq!(tokens(None, Some(to)), 1_111);
    assert_eq!(tokens(Some(to), Some(to)), 1_000);
    assert_eq!(tokens(Some(at("2025-01-01")), None), 0);
    assert_rejected(
        store.messages().get_analytics(&AnalyticsFilter::between(Some(to), Some(from))),
        "start",
    );
}

fn names_are_distinguished_exactly(store: &Store) {
    let names = ["openai", "OpenAI", "openai ", "öpenai", ""];
    let batch: Vec<_> = names
        .iter()
        .map(|name| NewMessage::new("a").with_provider(*name).with_model(*name))
        .collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    let expected = counts(&names.map(|name| (name, 1)));
    assert_eq!(totals(store).providers, expected);
    assert_eq!(totals(store).models, expected);
}
