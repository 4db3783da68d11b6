//! What a program asks for in its first minutes, with answers that are known.

use std::thread;

use chatkeep::{Chatkeep, MessageFilter, NewMessage, Order, Page};

use crate::store::{metadata, open};

/// More than the limits that the servers are set to.
const CALLERS: usize = 24;
const EACH: usize = 12;

/// Asserts that writes are stored, ids are their own rows', and reads are whole.
pub(super) fn are_the_usual_ones(url: &str) {
    let chat = &open(url);
    let logged = concurrent_callers(chat);
    let log = chat.messages();
    for (id, text) in &logged {
        let stored =
            log.get_message_by_id(*id).expect("the log answers").expect("the message is there");
        assert_eq!(stored.user_message, *text, "the id {id} is another message's");
    }
    let filter = MessageFilter::default();
    assert_eq!(log.get_message_count(&filter).expect("the log answers"), logged.len() as i64);
    let page = log.get_messages(&filter, &Page::first(200)).expect("the log answers");
    assert_eq!(page.len(), 200);
    let all: Result<Vec<_>, _> = log.iter_messages(&filter, Order::OldestFirst).collect();
    assert_eq!(all.expect("the log answers").len(), logged.len());
    let found = log
        .search_messages("CALLER 3: it's \\ \"7\"", &Page::first(50))
        .expect("the search answers");
    assert_eq!(found.len(), 1);
    let analytics = log.get_analytics(None, None).expect("the log answers");
    assert_eq!(
        (analytics.total_messages, analytics.total_tokens),
        (logged.len() as i64, logged.len() as i128)
    );
    tokens(chat, url);
    let schema = chat.database().migrations().check().expect("the catalogue answers");
    assert_eq!(schema.differences.len(), 0, "{:?}", schema.differences);
}

/// Callers that log alone, in groups, and in batches at the same time; each row's id and text.
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
                        .map(|n| chat.messages().log_message(&message(n)).expect("it is logged"))
                        .collect();
                    let batch: Vec<_> = (EACH..2 * EACH).map(message).collect();
                    ids.extend(chat.messages().log_messages(&batch).expect("they are logged"));
                    ids.into_iter().zip((0..).map(text)).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
    })
}

fn tokens(chat: &Chatkeep, url: &str) {
    let created: Vec<_> = (0..8)
        .map(|n| chat.tokens().create_token(&format!("token {n}"), Some(1)).expect("it is made"))
        .collect();
    assert_eq!(chat.tokens().list_tokens().expect("the tokens are listed").len(), created.len());
    for token in &created {
        assert!(chat.tokens().verify_token(token.token.expose()).expect("the database answers"));
    }
    assert!(chat.tokens().revoke_token(created[0].id).expect("it is revoked"));
    // Another handle remembers nothing: what it says is what is stored.
    let other = open(url);
    assert!(!other.tokens().verify_token(created[0].token.expose()).expect("the database answers"));
    assert!(other.tokens().verify_token(created[1].token.expose()).expect("the database answers"));
}
