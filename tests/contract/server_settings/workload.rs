//! A typical workload with known results.

use std::thread;

use chatkeep::{AnalyticsFilter, Chatkeep, MessageFilter, NewMessage, Order, Page};

use crate::store::{metadata, open};

/// More than the limits configured on the servers.
const CALLERS: usize = 24;
const EACH: usize = 12;

/// Asserts that writes are stored, ids belong to their rows, and reads are complete.
pub(super) fn assert_usual_results(url: &str) {
    let chat = &open(url);
    let logged = concurrent_callers(chat);
    let log = chat.messages();
    for (id, text) in &logged {
        let stored =
            log.get_message_by_id(*id).expect("the query succeeds").expect("the message exists");
        assert_eq!(stored.user_message, *text, "id {id} belongs to another message");
    }
    let filter = MessageFilter::default();
    assert_eq!(log.get_message_count(&filter).expect("the query succeeds"), logged.len() as i64);
    let page = log.get_messages(&filter, &Page::first(200)).expect("the query succeeds");
    assert_eq!(page.len(), 200);
    let all: Result<Vec<_>, _> = log.iter_messages(&filter, Order::OldestFirst).collect();
    assert_eq!(all.expect("the query succeeds").len(), logged.len());
    let found = log
        .search_messages(
            "CALLER 3: it's \\ \"7\"",
            &chatkeep::MessageFilter::default(),
            &Page::first(50),
        )
        .expect("the search succeeds");
    assert_eq!(found.len(), 1);
    let analytics = log.get_analytics(&AnalyticsFilter::default()).expect("the query succeeds");
    assert_eq!(
        (analytics.total_messages, analytics.total_tokens),
        (logged.len() as i64, logged.len() as i128)
    );
    tokens(chat, url);
    let schema = chat.database().migrations().check().expect("the catalog query succeeds");
    assert_eq!(schema.differences.len(), 0, "{:?}", schema.differences);
}

/// Logs single messages and batches from concurrent callers, and returns the id and text of each
/// row.
fn concurrent_callers(chat: &Chatkeep) -> Vec<(i64, String)> {
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                scope.spawn(move || {
                    let text = |n: usize| format!("caller {caller}: it's \\ \"{n}\"");
                    let message = |n: usize| {
                        let json = format!(r#"{{"caller": {caller}, "text": "it's \\\\"}}"#);
                        NewMessage::new(text(n))
                            .with_provider("p")
                            .with_tokens_used(1)
                            .with_metadata(metadata(&json))
                    };
                    let mut ids: Vec<i64> = (0..EACH)
                        .map(|n| {
                            chat.messages().log_message(&message(n)).expect("the message is logged")
                        })
                        .collect();
                    let batch: Vec<_> = (EACH..2 * EACH).map(message).collect();
                    ids.extend(
                        chat.messages().log_messages(&batch).expect("the messages are logged"),
                    );
                    ids.into_iter().zip((0..).map(text)).collect::<Vec<_>>()
                })
            })
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().expect("the thread does not panic"))
            .collect()
    })
}

fn tokens(chat: &Chatkeep, url: &str) {
    let created: Vec<_> = (0..8)
        .map(|n| {
            chat.tokens()
                .create_token(&format!("token {n}"), Some(1))
                .expect("the token is created")
        })
        .collect();
    assert_eq!(chat.tokens().list_tokens().expect("the tokens are listed").len(), created.len());
    for token in &created {
        assert!(chat.tokens().verify_token(token.token.expose()).expect("the query succeeds"));
    }
    assert!(chat.tokens().revoke_token(created[0].id).expect("the token is revoked"));
    // Another handle has an empty cache, so it reads from the database.
    let other = open(url);
    assert!(!other.tokens().verify_token(created[0].token.expose()).expect("the query succeeds"));
    assert!(other.tokens().verify_token(created[1].token.expose()).expect("the query succeeds"));
}
