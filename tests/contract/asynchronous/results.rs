//! Awaiting a call returns the same result as the blocking call.

use chatkeep::{
    AnalyticsFilter, ErrorKind, FineTuningFormat, MessageFilter, NewMessage, Order, Page,
    TokenReason,
};

use super::wait;
use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![
    async_and_blocking_message_calls_agree,
    async_and_blocking_token_calls_agree,
    async_and_blocking_database_calls_agree,
    iteration_returns_every_message_in_order,
    invalid_arguments_are_rejected_by_name,
];

/// Unwraps the result of a call.
trait Unwrapped<T> {
    fn unwrapped(self) -> T;
}

impl<T> Unwrapped<T> for chatkeep::Result<T> {
    #[track_caller]
    fn unwrapped(self) -> T {
        self.expect("the query succeeds")
    }
}

fn async_and_blocking_message_calls_agree(store: &Store) {
    let chat = store.asynchronous();
    let messages = chat.messages();
    wait(async {
        let id = messages
            .log_message(
                NewMessage::new("What is WAL?").with_response("A log.").with_provider("openai"),
            )
            .await
            .expect("the message is logged");
        let more = vec![NewMessage::new("one").with_tokens_used(3), NewMessage::new("two")];
        let ids = messages.log_messages(more).await.expect("the messages are logged");
        assert!(id < ids[0] && ids[0] < ids[1]);

        let filter = MessageFilter { provider: Some("openai".to_owned()), ..everything() };
        let blocking = store.messages();
        let page = Page::first(10);
        assert_eq!(
            messages.get_messages(&filter, &page).await.unwrapped(),
            blocking.get_messages(&filter, &page).unwrapped()
        );
        assert_eq!(
            messages.retrieve_messages(&filter, &page).await.unwrapped(),
            blocking.get_messages(&filter, &page).unwrapped()
        );
        assert_eq!(
            messages.get_message_by_id(id).await.unwrapped(),
            blocking.get_message_by_id(id).unwrapped()
        );
        assert_eq!(messages.get_message_count(&everything()).await.unwrapped(), 3);
        let found = messages
            .search_messages("wal", &chatkeep::MessageFilter::default(), &page)
            .await
            .expect("the query succeeds");
        assert_eq!(found.iter().map(|message| message.id).collect::<Vec<_>>(), [id]);
        assert_eq!(
            messages.get_analytics(&AnalyticsFilter::default()).await.unwrapped(),
            blocking.get_analytics(&AnalyticsFilter::default()).unwrapped()
        );
        let (count, text) = messages
            .export_for_fine_tuning(FineTuningFormat::default(), &everything(), Vec::new())
            .await
            .expect("it is exported");
        let mut same = Vec::new();
        let exported =
            blocking.export_for_fine_tuning(FineTuningFormat::default(), &everything(), &mut same);
        assert_eq!((count, text), (exported.unwrapped(), same));
        assert_eq!(messages.count_old_messages(1).await.unwrapped(), 0);
        assert_eq!(messages.delete_old_messages(1).await.unwrapped(), 0);
    });
}

fn async_and_blocking_token_calls_agree(store: &Store) {
    let chat = store.asynchronous();
    let tokens = chat.tokens();
    wait(async {
        let created = tokens.create_token("web", Some(1)).await.expect("the token is created");
        let token = created.token.expose();
        // From the database first, then from the cache.
        for _ in 0..2 {
            assert!(tokens.verify_token(token).await.unwrapped());
            assert!(tokens.check_token(token).await.expect("the query succeeds").valid);
            assert!(!tokens.verify_token("sk-unknown").await.unwrapped());
        }
        assert_eq!(tokens.check_token("no token").await.unwrapped().reason, TokenReason::Malformed);
        assert_eq!(tokens.list_tokens().await.unwrapped().len(), 1);
        let info = tokens.get_token_info(created.id).await.expect("the query succeeds");
        assert_eq!(info.map(|info| info.description).as_deref(), Some("web"));
        assert!(tokens.revoke_token(created.id).await.unwrapped());
        assert!(!tokens.verify_token(token).await.unwrapped());
        assert_eq!(tokens.check_token(token).await.unwrapped().reason, TokenReason::Revoked);
        assert_eq!(tokens.delete_expired_tokens().await.unwrapped(), 0);
    });
}

fn async_and_blocking_database_calls_agree(store: &Store) {
    let chat = store.asynchronous();
    let database = chat.database();
    wait(async {
        database.wait_until_ready().await.expect("the database is ready");
        assert!(database.health().await.expect("the database is ready").ok);
        assert!(
            database.migration_status().await.expect("the database is ready").pending.is_empty()
        );
        assert!(database.upgrade().await.unwrapped().is_empty());
        assert_eq!(database.engine(), store.database().engine());
        assert_eq!(database.database_url(), store.database().database_url());
        assert!(database.pool_status().total >= 1);
        assert_eq!(database.settings(), store.database().settings());
    });
}

fn iteration_returns_every_message_in_order(store: &Store) {
    let batch: Vec<_> = (0..1_203).map(|number| NewMessage::new(number.to_string())).collect();
    let ids = store.messages().log_messages(&batch).expect("the messages are logged");
    let read = wait(async {
        let chat = store.asynchronous();
        let mut messages = chat.messages().iter_messages(&everything(), Order::OldestFirst);
        let mut read = Vec::new();
        while let Some(message) = messages.next().await {
            read.push(message.expect("the query succeeds").id);
        }
        assert!(messages.next().await.is_none(), "an exhausted iterator stays exhausted");
        read
    });
    assert_eq!(read, ids);
}

fn invalid_arguments_are_rejected_by_name(store: &Store) {
    let chat = store.asynchronous();
    wait(async {
        let error = chat.messages().log_message(NewMessage::new("a\0b")).await.expect_err("a NUL");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("user_message")));
        assert_eq!(error.operation(), Some("log_message"));
        let error = chat
            .messages()
            .get_messages(&everything(), &Page::first(0))
            .await
            .expect_err("a limit of 0");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("limit")));
        let error = chat.tokens().create_token("a", Some(0)).await.expect_err("no days");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("expires_days")));
    });
    assert_eq!(store.count(), 0);
}
