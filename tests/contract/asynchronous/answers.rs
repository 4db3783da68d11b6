//! What is awaited is what the call that blocks returns.

use chatkeep::{ErrorKind, FineTuningFormat, MessageFilter, NewMessage, Order, Page, TokenReason};

use super::wait;
use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![
    messages_are_the_same_either_way,
    tokens_are_the_same_either_way,
    the_database_is_the_same_either_way,
    all_messages_come_one_by_one,
    bad_input_is_refused_by_name,
];

/// What a call answered; it has to.
trait Told<T> {
    fn told(self) -> T;
}

impl<T> Told<T> for chatkeep::Result<T> {
    #[track_caller]
    fn told(self) -> T {
        self.expect("the store answers")
    }
}

fn messages_are_the_same_either_way(store: &Store) {
    let chat = store.asynchronous();
    let messages = chat.messages();
    wait(async {
        let id = messages
            .log_message(
                NewMessage::new("What is WAL?").with_response("A log.").with_provider("openai"),
            )
            .await
            .expect("it is logged");
        let more = vec![NewMessage::new("one").with_tokens_used(3), NewMessage::new("two")];
        let ids = messages.log_messages(more).await.expect("they are logged");
        assert!(id < ids[0] && ids[0] < ids[1]);

        let filter = MessageFilter { provider: Some("openai".to_owned()), ..everything() };
        let blocking = store.messages();
        let page = Page::first(10);
        assert_eq!(
            messages.get_messages(&filter, &page).await.told(),
            blocking.get_messages(&filter, &page).told()
        );
        assert_eq!(
            messages.retrieve_messages(&filter, &page).await.told(),
            blocking.get_messages(&filter, &page).told()
        );
        assert_eq!(
            messages.get_message_by_id(id).await.told(),
            blocking.get_message_by_id(id).told()
        );
        assert_eq!(messages.get_message_count(&everything()).await.told(), 3);
        let found = messages.search_messages("wal", &page).await.expect("the log answers");
        assert_eq!(found.iter().map(|message| message.id).collect::<Vec<_>>(), [id]);
        assert_eq!(
            messages.get_analytics(None, None).await.told(),
            blocking.get_analytics(None, None).told()
        );
        let (count, text) = messages
            .export_for_fine_tuning(FineTuningFormat::default(), &everything(), Vec::new())
            .await
            .expect("it is exported");
        let mut same = Vec::new();
        let exported =
            blocking.export_for_fine_tuning(FineTuningFormat::default(), &everything(), &mut same);
        assert_eq!((count, text), (exported.told(), same));
        assert_eq!(messages.count_old_messages(1).await.told(), 0);
        assert_eq!(messages.delete_old_messages(1).await.told(), 0);
    });
}

fn tokens_are_the_same_either_way(store: &Store) {
    let chat = store.asynchronous();
    let tokens = chat.tokens();
    wait(async {
        let created = tokens.create_token("web", Some(1)).await.expect("a token is made");
        let token = created.token.expose();
        // Asked of the database, and then remembered.
        for _ in 0..2 {
            assert!(tokens.verify_token(token).await.told());
            assert!(tokens.check_token(token).await.expect("the store answers").valid);
            assert!(!tokens.verify_token("sk-unknown").await.told());
        }
        assert_eq!(tokens.check_token("no token").await.told().reason, TokenReason::Malformed);
        assert_eq!(tokens.list_tokens().await.told().len(), 1);
        let info = tokens.get_token_info(created.id).await.expect("the store answers");
        assert_eq!(info.map(|info| info.description).as_deref(), Some("web"));
        assert!(tokens.revoke_token(created.id).await.told());
        assert!(!tokens.verify_token(token).await.told());
        assert_eq!(tokens.check_token(token).await.told().reason, TokenReason::Revoked);
        assert_eq!(tokens.delete_expired_tokens().await.told(), 0);
    });
}

fn the_database_is_the_same_either_way(store: &Store) {
    let chat = store.asynchronous();
    let database = chat.database();
    wait(async {
        database.wait_until_ready().await.expect("it is there");
        assert!(database.health().await.expect("it is there").ok);
        assert!(database.migration_status().await.expect("it is there").pending.is_empty());
        assert!(database.upgrade().await.told().is_empty());
        assert_eq!(database.engine(), store.database().engine());
        assert_eq!(database.database_url(), store.database().database_url());
        assert!(database.pool_status().total >= 1);
        assert_eq!(database.settings(), store.database().settings());
    });
}

fn all_messages_come_one_by_one(store: &Store) {
    let batch: Vec<_> = (0..1_203).map(|number| NewMessage::new(number.to_string())).collect();
    let ids = store.messages().log_messages(&batch).expect("they are logged");
    let read = wait(async {
        let chat = store.asynchronous();
        let mut messages = chat.messages().iter_messages(&everything(), Order::OldestFirst);
        let mut read = Vec::new();
        while let Some(message) = messages.next().await {
            read.push(message.expect("the log answers").id);
        }
        assert!(messages.next().await.is_none(), "the end stays the end");
        read
    });
    assert_eq!(read, ids);
}

fn bad_input_is_refused_by_name(store: &Store) {
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
