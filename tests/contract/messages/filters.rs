//! Filters and pages.

use chatkeep::{NewMessage, Page};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at, everything, texts};

on_every_engine![
    a_provider_is_matched_exactly,
    a_model_is_matched_exactly,
    start_and_end_are_inclusive,
    a_range_that_ends_before_it_starts_is_empty,
    all_filter_fields_must_match,
    the_count_is_the_number_of_matching_messages,
    limit_and_offset_select_a_page,
    an_out_of_range_limit_or_offset_is_rejected_by_name,
    a_null_provider_matches_no_name,
];

const NAMES: [&str; 9] =
    ["openai", "OpenAI", "openai ", " openai", "openaı", "öpenai", "", "\u{1f600}", "open%"];

fn a_provider_is_matched_exactly(store: &Store) {
    let batch: Vec<_> =
        NAMES.iter().map(|name| NewMessage::new(*name).with_provider(*name)).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    store.messages().log_message(&NewMessage::new("none")).expect("the message is logged");
    for name in NAMES {
        assert_eq!(store.texts(&everything().with_provider(name)), [name]);
    }
    assert_eq!(store.texts(&everything().with_provider("o%")), Vec::<String>::new());
}

fn a_model_is_matched_exactly(store: &Store) {
    let batch: Vec<_> = NAMES.iter().map(|name| NewMessage::new(*name).with_model(*name)).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    for name in NAMES {
        assert_eq!(store.texts(&everything().with_model(name)), [name]);
    }
    assert_eq!(store.texts(&everything().with_model("openai  ")), Vec::<String>::new());
}

fn start_and_end_are_inclusive(store: &Store) {
    for (text, timestamp) in [
        ("before", "2024-01-01T11:59:59.999999Z"),
        ("start", "2024-01-01T12:00:00Z"),
        ("between", "2024-01-01T12:00:00.000001Z"),
        ("end", "2024-01-02T12:00:00.5Z"),
        ("after", "2024-01-02T12:00:00.500001Z"),
    ] {
        store.log_at(text, timestamp);
    }
    let from_start = everything().with_start(at("2024-01-01T14:00:00+02:00"));
    assert_eq!(store.texts(&from_start), ["after", "end", "between", "start"]);
    let to_end = everything().with_end(at("2024-01-02 12:00:00.5"));
    assert_eq!(store.texts(&to_end), ["end", "between", "start", "before"]);
    let both = from_start.with_end(at("2024-01-02T12:00:00.5Z"));
    assert_eq!(store.texts(&both), ["end", "between", "start"]);
    let one_instant =
        everything().with_start(at("2024-01-01T12:00:00Z")).with_end(at("2024-01-01T12:00:00Z"));
    assert_eq!(store.texts(&one_instant), ["start"]);
}

fn a_range_that_ends_before_it_starts_is_empty(store: &Store) {
    store.log_at("a", "2024-01-01");
    let backwards = everything().with_start(at("2024-01-02")).with_end(at("2023-12-31"));
    assert_eq!(store.texts(&backwards), Vec::<String>::new());
    assert_eq!(store.messages().get_message_count(&backwards).expect("the query succeeds"), 0);
}

fn all_filter_fields_must_match(store: &Store) {
    for (provider, model, day) in
        [("a", "x", "01"), ("a", "y", "02"), ("b", "x", "03"), ("a", "x", "04")]
    {
        let message = NewMessage::new(format!("{provider}{model}{day}"))
            .with_provider(provider)
            .with_model(model)
            .with_timestamp(at(&format!("2024-01-{day}")))
            .with_metadata(crate::store::metadata(&format!(r#"{{"day": "{day}"}}"#)));
        store.messages().log_message(&message).expect("the message is logged");
    }
    let filter = everything().with_provider("a").with_model("x");
    assert_eq!(store.texts(&filter), ["ax04", "ax01"]);
    assert_eq!(store.texts(&filter.clone().with_end(at("2024-01-03"))), ["ax01"]);
    assert_eq!(store.texts(&filter.with_metadata("day", "04").expect("a filter")), ["ax04"]);
}

fn the_count_is_the_number_of_matching_messages(store: &Store) {
    assert_eq!(store.count(), 0);
    let batch: Vec<_> =
        (0..30).map(|n| NewMessage::new("a").with_provider(["p", "q", "r"][n % 3])).collect();
    store.messages().log_messages(&batch).expect("the messages are logged");
    assert_eq!(store.count(), 30);
    let count = |provider: &str| {
        store
            .messages()
            .get_message_count(&everything().with_provider(provider))
            .expect("the query succeeds")
    };
    assert_eq!((count("p"), count("P"), count("")), (10, 0, 0));
}

fn limit_and_offset_select_a_page(store: &Store) {
    store.log_texts(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let page = |limit, offset| {
        let page = Page { limit, offset, cursor: None };
        texts(store.messages().get_messages(&everything(), &page).expect("the query succeeds"))
    };
    assert_eq!(page(3, 0), ["9", "8", "7"]);
    assert_eq!(page(3, 8), ["1", "0"]);
    assert_eq!(page(10_000, 9), ["0"]);
    assert_eq!(page(1, 10), Vec::<String>::new());
    assert_eq!(page(1, i64::MAX), Vec::<String>::new());
    let aliased = store
        .messages()
        .retrieve_messages(&everything(), &Page::first(2))
        .expect("the query succeeds");
    assert_eq!(texts(aliased), ["9", "8"]);
    store.log_at("7 long ago", "2001-01-01");
    let second = Page { limit: 1, offset: 1, cursor: None };
    let found = store
        .messages()
        .search_messages("7", &chatkeep::MessageFilter::default(), &second)
        .expect("the search succeeds");
    assert_eq!(texts(found), ["7 long ago"]);
}

fn an_out_of_range_limit_or_offset_is_rejected_by_name(store: &Store) {
    for limit in [0, -1, 10_001, i64::MIN, i64::MAX] {
        let page = Page::first(limit);
        let error =
            store.messages().get_messages(&everything(), &page).expect_err("the limit is rejected");
        assert!(error.message().contains("iter_messages"), "{error}");
        assert_rejected(store.messages().get_messages(&everything(), &page), "limit");
        assert_rejected(
            store.messages().search_messages("a", &chatkeep::MessageFilter::default(), &page),
            "limit",
        );
    }
    for offset in [-1, i64::MIN] {
        let page = Page { offset, ..Page::default() };
        assert_rejected(store.messages().get_messages(&everything(), &page), "offset");
        assert_rejected(
            store.messages().search_messages("a", &chatkeep::MessageFilter::default(), &page),
            "offset",
        );
    }
}

fn a_null_provider_matches_no_name(store: &Store) {
    store.round_trip(&NewMessage::new("without provider"));
    for name in ["unknown", "", "null", "NULL"] {
        assert_eq!(store.texts(&everything().with_provider(name)), Vec::<String>::new());
    }
}
