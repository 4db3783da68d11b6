//! Application triggers on the messages table: they may skip or change a row, and write to other
//! tables.

use std::thread;

use chatkeep::{ErrorKind, NewMessage, NewTurn};
use chatkeep_testkit::{Engine, on_every_engine};

use crate::store::Store;

on_every_engine!(
    a_skipped_row_fails_only_its_own_caller,
    a_batch_with_a_skipped_row_is_not_stored,
    a_skipped_turn_leaves_its_conversation_unchanged,
    triggers_that_change_rows_preserve_ids,
);

const CALLERS: usize = 32;
const EACH: usize = 20;

/// Creates a trigger that skips messages beginning with "skip". MySQL can only skip a row by
/// raising an error.
fn skip_some(store: &Store) {
    // The first call creates the tables.
    assert_eq!(store.count(), 0);
    match store.engine() {
        Engine::Sqlite => store.raw.execute(
            "CREATE TRIGGER skipping BEFORE INSERT ON messages WHEN NEW.user_message LIKE 'skip%' \
             BEGIN SELECT RAISE(IGNORE); END",
        ),
        Engine::PostgreSql => store.raw.execute(
            "CREATE FUNCTION skipping() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF NEW.user_message LIKE 'skip%' THEN RETURN NULL; END IF; RETURN NEW; END \
             $$; \
             CREATE TRIGGER skipping BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION \
             skipping()",
        ),
        _ => store.raw.execute(
            "CREATE TRIGGER skipping BEFORE INSERT ON messages FOR EACH ROW \
             IF NEW.user_message LIKE 'skip%' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = \
             'skipped'; END IF",
        ),
    }
}

fn expected(engine: Engine) -> ErrorKind {
    match engine {
        Engine::MySql | Engine::MariaDb => ErrorKind::Internal,
        _ => ErrorKind::InvalidInput,
    }
}

/// Concurrent callers share statements; a skipped row must not be retried together with the other
/// rows.
fn a_skipped_row_fails_only_its_own_caller(store: &Store) {
    skip_some(store);
    let stored: Vec<(i64, String)> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                scope.spawn(move || {
                    let mut stored = Vec::new();
                    for n in 0..EACH {
                        let is_skipped = (caller + n).is_multiple_of(9);
                        let text =
                            format!("{} {caller} {n}", if is_skipped { "skip" } else { "keep" });
                        match store.messages().log_message(&NewMessage::new(text.as_str())) {
                            Ok(id) => stored.push((id, text)),
                            Err(error) => {
                                assert!(is_skipped, "{text}: {error}");
                                assert_eq!(error.kind(), expected(store.engine()), "{error}");
                                assert!(error.message().contains("skipped"), "{error}");
                            }
                        }
                    }
                    stored
                })
            })
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().expect("the thread does not panic"))
            .collect()
    });
    let expected_count =
        (0..CALLERS * EACH).filter(|at| !(at / EACH + at % EACH).is_multiple_of(9)).count();
    assert_eq!((stored.len(), store.count()), (expected_count, expected_count as i64));
    for (id, text) in stored {
        let message = store
            .messages()
            .get_message_by_id(id)
            .expect("the query succeeds")
            .expect("it is there");
        assert_eq!(message.user_message, text);
    }
}

fn a_batch_with_a_skipped_row_is_not_stored(store: &Store) {
    skip_some(store);
    let batch = ["a", "skip", "b"].map(NewMessage::new);
    let error = store.messages().log_messages(&batch).expect_err("the batch is rejected");
    assert_eq!(error.kind(), expected(store.engine()), "{error}");
    assert!(error.message().contains("skipped"), "{error}");
    assert_eq!(store.count(), 0);
    let all_skipped = ["skip 1", "skip 2"].map(NewMessage::new);
    assert!(store.messages().log_messages(&all_skipped).is_err());
    assert_eq!(store.count(), 0);
}

fn a_skipped_turn_leaves_its_conversation_unchanged(store: &Store) {
    skip_some(store);
    let conversations = store.conversations();
    let created = conversations.create_conversation(None, None, None, None);
    let created = created.expect("a conversation");
    let error = conversations.append_turn(&created.public_id, &NewTurn::new("skip"));
    let error = error.expect_err("the turn is rejected");
    assert_eq!(error.kind(), expected(store.engine()), "{error}");
    assert!(error.message().contains("skipped"), "{error}");
    let found = conversations.get_conversation(&created.public_id).expect("the query succeeds");
    assert_eq!((found, store.count()), (Some(created), 0));
}

/// The returned id is that of the message, not of the row that the trigger inserts elsewhere.
fn triggers_that_change_rows_preserve_ids(store: &Store) {
    assert_eq!(store.count(), 0);
    match store.engine() {
        Engine::Sqlite => store.raw.execute(
            "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER); \
             INSERT INTO audit (id) VALUES (100000); \
             CREATE TRIGGER audited AFTER INSERT ON messages BEGIN \
             INSERT INTO audit (message) VALUES (NEW.id); \
             UPDATE messages SET provider = 'trigger' WHERE id = NEW.id; END",
        ),
        Engine::PostgreSql => store.raw.execute(
            "CREATE TABLE audit (id bigserial PRIMARY KEY, message text); \
             SELECT setval('audit_id_seq', 100000); \
             CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN INSERT INTO audit (message) VALUES (NEW.user_message); NEW.provider := \
             'trigger'; RETURN NEW; END $$; \
             CREATE TRIGGER audited BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION \
             audited()",
        ),
        _ => store.raw.execute(
            "CREATE TABLE audit (id BIGINT AUTO_INCREMENT PRIMARY KEY, message TEXT) \
             AUTO_INCREMENT = 100000; \
             CREATE TRIGGER audited BEFORE INSERT ON messages FOR EACH ROW \
             BEGIN INSERT INTO audit (message) VALUES (NEW.user_message); SET NEW.provider = \
             'trigger'; END",
        ),
    }
    let mut ids = vec![(
        store.messages().log_message(&NewMessage::new("alone")).expect("the message is logged"),
        "alone".to_owned(),
    )];
    let batch: Vec<_> = (0..40).map(|n| NewMessage::new(format!("batch {n}"))).collect();
    let logged = store.messages().log_messages(&batch).expect("the messages are logged");
    ids.extend(logged.into_iter().zip((0..).map(|n| format!("batch {n}"))));
    for (id, text) in ids {
        let message = store
            .messages()
            .get_message_by_id(id)
            .expect("the query succeeds")
            .expect("it is there");
        assert_eq!((message.user_message, message.provider.as_deref()), (text, Some("trigger")));
    }
}
