//! Triggers of the application's own on the table of messages: they may skip a row, change it, and write elsewhere.

use std::thread;

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_testkit::{Engine, on_every_engine};

use crate::store::Store;

on_every_engine!(
    a_skipped_row_fails_its_own_caller_alone,
    a_batch_with_a_skipped_row_is_not_stored,
    triggers_that_change_rows_leave_ids_right,
);

const CALLERS: usize = 32;
const EACH: usize = 20;

/// From now on a message that begins with "skip" is not stored. MySQL has no way to skip a row but an error.
fn skip_some(store: &Store) {
    // The tables have to be there.
    assert_eq!(store.count(), 0);
    match store.engine() {
        Engine::Sqlite => store.raw.execute(
            "CREATE TRIGGER skipping BEFORE INSERT ON messages WHEN NEW.user_message LIKE 'skip%' \
             BEGIN SELECT RAISE(IGNORE); END",
        ),
        Engine::PostgreSql => store.raw.execute(
            "CREATE FUNCTION skipping() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF NEW.user_message LIKE 'skip%' THEN RETURN NULL; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER skipping BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION skipping()",
        ),
        _ => store.raw.execute(
            "CREATE TRIGGER skipping BEFORE INSERT ON messages FOR EACH ROW \
             IF NEW.user_message LIKE 'skip%' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'skipped'; END IF",
        ),
    }
}

fn expected(engine: Engine) -> ErrorKind {
    match engine {
        Engine::MySql | Engine::MariaDb => ErrorKind::Internal,
        _ => ErrorKind::InvalidInput,
    }
}

/// Callers at the same time share statements; a row that is skipped must not be tried again with its neighbours.
fn a_skipped_row_fails_its_own_caller_alone(store: &Store) {
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
        callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
    });
    let kept = (0..CALLERS * EACH).filter(|at| !(at / EACH + at % EACH).is_multiple_of(9)).count();
    assert_eq!((stored.len(), store.count()), (kept, kept as i64));
    for (id, text) in stored {
        let message =
            store.messages().get_message_by_id(id).expect("the log answers").expect("it is there");
        assert_eq!(message.user_message, text);
    }
}

fn a_batch_with_a_skipped_row_is_not_stored(store: &Store) {
    skip_some(store);
    let batch = ["a", "skip", "b"].map(NewMessage::new);
    let error = store.messages().log_messages(&batch).expect_err("it cannot be stored as a whole");
    assert_eq!(error.kind(), expected(store.engine()), "{error}");
    assert!(error.message().contains("skipped"), "{error}");
    assert_eq!(store.count(), 0);
    let all_skipped = ["skip 1", "skip 2"].map(NewMessage::new);
    assert!(store.messages().log_messages(&all_skipped).is_err());
    assert_eq!(store.count(), 0);
}

/// The id is the message's, not that of the row which the trigger writes elsewhere.
fn triggers_that_change_rows_leave_ids_right(store: &Store) {
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
             $$ BEGIN INSERT INTO audit (message) VALUES (NEW.user_message); NEW.provider := 'trigger'; RETURN NEW; END $$; \
             CREATE TRIGGER audited BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION audited()",
        ),
        _ => store.raw.execute(
            "CREATE TABLE audit (id BIGINT AUTO_INCREMENT PRIMARY KEY, message TEXT) AUTO_INCREMENT = 100000; \
             CREATE TRIGGER audited BEFORE INSERT ON messages FOR EACH ROW \
             BEGIN INSERT INTO audit (message) VALUES (NEW.user_message); SET NEW.provider = 'trigger'; END",
        ),
    }
    let mut ids = vec![(
        store.messages().log_message(&NewMessage::new("alone")).expect("it is logged"),
        "alone".to_owned(),
    )];
    let batch: Vec<_> = (0..40).map(|n| NewMessage::new(format!("batch {n}"))).collect();
    let logged = store.messages().log_messages(&batch).expect("they are logged");
    ids.extend(logged.into_iter().zip((0..).map(|n| format!("batch {n}"))));
    for (id, text) in ids {
        let message =
            store.messages().get_message_by_id(id).expect("the log answers").expect("it is there");
        assert_eq!((message.user_message, message.provider.as_deref()), (text, Some("trigger")));
    }
}
