//! The search index: a search returns the same results with and without it.

use chatkeep::{ErrorKind, NewMessage, Page, SearchIndexState};
use chatkeep_testkit::Engine;

use crate::every_engine::on_every_engine;
use crate::store::{Store, at};

on_every_engine![
    results_are_the_same_with_the_index,
    the_index_follows_inserts_and_deletions,
    a_frequent_old_text_is_found_newest_first,
    create_and_drop_report_whether_they_changed_anything,
];

/// More messages than a search scans before it uses the index. The older texts are found only by
/// the index.
const NEWER: usize = 2_500;
const OLD: [&str; 14] = [
    "Quixotic windmills",
    "kafka is slow, KAFKA is not, and \u{212a}afka is neither",
    "STRASSE, Straße and straẞe",
    "The Æsop's \u{17f}ables; Ωmega, \u{2126}mega",
    "100% of _x_ \\ \"quoted\" 'it''s' (a+b)*",
    "猫の手も借りたい",
    "Привет, МИР",
    "👩\u{200d}👩\u{200d}👧 family",
    "tab\tand\nnew line",
    "a",
    "I am an aim",
    "naïve café CAFÉ cafe\u{301}",
    "ΟΔΟΣ οδός οδοσ",
    "x1y2z3 0xDEADBEEF",
];
const QUERIES: [&str; 38] = [
    "quixotic",
    "WINDMILL",
    "kafka",
    "KAFKA",
    "\u{212a}afka",
    "kaf",
    "ka",
    "k",
    "strasse",
    "straße",
    "STRAẞE",
    "aß",
    "æsop",
    "sables",
    "ωmega",
    "Ω",
    "100%",
    "0% of",
    "_x_",
    "\\",
    "\"quoted\"",
    "'it''s'",
    "(a+b)*",
    "+b",
    "猫の手",
    "借り",
    "猫",
    "привет",
    "мир",
    "👩\u{200d}👧",
    "b\tand",
    "\nnew",
    "am an aim",
    "CAFÉ",
    "cafe\u{301}",
    "οδοσ",
    "0xdead",
    "common words",
];

fn fill(store: &Store) {
    store.log_texts(OLD);
    let common = "The newest messages are made of common words";
    let newer: Vec<_> =
        (0..NEWER).map(|number| NewMessage::new(format!("{common}: {number}"))).collect();
    store.messages().log_messages(&newer).expect("the messages are logged");
}

/// Returns the ids that each query finds, page by page.
fn all_found(store: &Store) -> Vec<(String, Vec<i64>)> {
    let find = |query: &str| {
        let mut found = Vec::new();
        for offset in [0, 3] {
            let page = Page { offset, ..Page::first(3) };
            let messages = store
                .messages()
                .search_messages(query, &chatkeep::MessageFilter::default(), &page)
                .expect("the search succeeds");
            found.extend(messages.iter().map(|message| message.id));
            let Some(last) = messages.last() else { continue };
            let page = Page { cursor: Some(last.cursor()), ..Page::first(20) };
            let rest = store
                .messages()
                .search_messages(query, &chatkeep::MessageFilter::default(), &page)
                .expect("the search succeeds");
            found.extend(rest.iter().map(|message| message.id));
        }
        (query.to_owned(), found)
    };
    QUERIES.into_iter().map(find).collect()
}

fn has_index(store: &Store) -> bool {
    store.engine() != Engine::MariaDb
}

fn results_are_the_same_with_the_index(store: &Store) {
    fill(store);
    let without = all_found(store);
    assert!(without.iter().filter(|(_, found)| !found.is_empty()).count() > 30, "{without:?}");
    if has_index(store) {
        assert!(store.database().create_search_index().expect("the index is created"));
        assert_eq!(all_found(store), without);
        assert!(store.database().drop_search_index().expect("the index is dropped"));
        assert_eq!(all_found(store), without);
    }
}

fn the_index_follows_inserts_and_deletions(store: &Store) {
    if !has_index(store) {
        return;
    }
    assert!(store.database().create_search_index().expect("the index is created"));
    fill(store);
    store.log_texts(["Quixotic again", "and quixotic once more"]);
    assert_eq!(store.found("quixotic").len(), 3);
    let batch = ["one", "two", "three"].map(NewMessage::new);
    for (id, message) in store
        .messages()
        .log_messages(&batch)
        .expect("the messages are logged")
        .into_iter()
        .zip(&batch)
    {
        let stored = store
            .messages()
            .get_message_by_id(id)
            .expect("the query succeeds")
            .expect("the row exists");
        assert_eq!(stored.user_message, message.user_message, "the id belongs to the message");
    }
    let with = all_found(store);
    assert_eq!(
        store.messages().delete_old_messages(1).expect("the deletion succeeds"),
        OLD.len() as u64 + 2
    );
    assert!(store.found("quixotic").is_empty());
    assert_eq!(store.found("common words").len(), 1_000, "a page of them");
    let id = store
        .messages()
        .log_message(&NewMessage::new("a quixotic end"))
        .expect("the message is logged");
    let found = store
        .messages()
        .search_messages("QUIXOTIC", &chatkeep::MessageFilter::default(), &Page::first(5))
        .expect("the search succeeds");
    assert_eq!(found.iter().map(|message| message.id).collect::<Vec<_>>(), [id]);
    assert_eq!(with.len(), QUERIES.len());
}

/// On SQLite, there are more candidates than a search looks up by index.
fn a_frequent_old_text_is_found_newest_first(store: &Store) {
    let old: Vec<_> = (0..20_500)
        .map(|number| NewMessage::new(format!("needle {number}")).with_timestamp(at("2024-01-01")))
        .collect();
    let ids = store.messages().log_messages(&old).expect("the messages are logged");
    let newer = vec![NewMessage::new("hay"); NEWER];
    store.messages().log_messages(&newer).expect("the messages are logged");
    if has_index(store) {
        assert!(store.database().create_search_index().expect("the index is created"));
    }
    let found = store
        .messages()
        .search_messages("NEEDLE", &chatkeep::MessageFilter::default(), &Page::first(5))
        .expect("the search succeeds");
    let newest: Vec<_> = ids.into_iter().rev().take(5).collect();
    assert_eq!(found.iter().map(|message| message.id).collect::<Vec<_>>(), newest);
}

fn create_and_drop_report_whether_they_changed_anything(store: &Store) {
    let database = store.database();
    if !has_index(store) {
        assert_eq!(
            database.search_index().expect("the query succeeds"),
            SearchIndexState::Unsupported
        );
        let error = database.create_search_index().expect_err("MariaDB does not support the index");
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("MariaDB"), "{error}");
        assert!(!database.drop_search_index().expect("there is nothing to drop"));
        return;
    }
    assert_eq!(database.search_index().expect("the query succeeds"), SearchIndexState::Absent);
    assert!(!database.drop_search_index().expect("there is nothing to drop"));
    assert!(database.create_search_index().expect("the index is created"));
    assert!(!database.create_search_index().expect("the row exists"));
    assert_eq!(database.search_index().expect("the query succeeds"), SearchIndexState::Ready);
    assert!(database.drop_search_index().expect("the index is dropped"));
    assert_eq!(database.search_index().expect("the query succeeds"), SearchIndexState::Absent);
    store.messages().log_message(&NewMessage::new("as before")).expect("the message is logged");
}
