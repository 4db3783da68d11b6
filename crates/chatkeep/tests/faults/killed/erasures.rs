//! Programs that are killed during the erasure of a user.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewMessage, NewSession, NewToken, NewUser, TurnStart};
use chatkeep_testkit::{Engine, TestDatabase};

use super::process::{Writer, report, writer};
use super::{Counts, Random, assert_exact_totals, kills};
use crate::on_each_engine;
use crate::opening::open_ready;

on_each_engine!(an_erasure_that_was_killed_is_run_again);

const CASE: &str = "killed::erasures::an_erasure_that_was_killed_is_run_again";
const CONVERSATIONS: usize = 5;
/// Number of messages in each conversation, and of those without one.
const MESSAGES: usize = 400;
/// Tables with rows of the users, all of which contain the public id of their user.
const TABLES: [&str; 7] = [
    "chat_users",
    "user_sessions",
    "api_tokens",
    "chat_conversations",
    "messages",
    "open_turns",
    "chat_audit_log",
];

fn an_erasure_that_was_killed_is_run_again(engine: Engine) {
    if let Some((url, user)) = writer() {
        return erase(&url, &user);
    }
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    fill(&chat, "user-other");
    let others = export(&chat, "user-other");
    let span = duration(&chat);
    let mut random = Random::new();
    let mut counts = Counts::default();
    let mut partial = 0;
    for number in 0..kills() {
        let user = format!("user-{number}-erased");
        fill(&chat, &user);
        let rows = rows_of(&database, &user);
        let program = Writer::start(CASE, engine, database.url(), &user);
        program.wait_for_acknowledgement();
        // Some erasures end before.
        thread::sleep(random.below(span * 3 / 2));
        let lines = program.kill();
        counts.acknowledged += 1;
        let left = rows_of(&database, &user);
        partial += u32::from(0 < left && left < rows);
        let failed: Vec<_> = lines.iter().filter(|line| line.starts_with("failed")).collect();
        assert!(failed.is_empty(), "{failed:?}");
        let is_erased = lines.iter().any(|line| line == "erased");
        counts.unknown += usize::from(!is_erased);
        assert!(!is_erased || left == 0, "{left} rows are left after an acknowledged erasure");
        let exists = chat.users().get_user(&user).expect("the query succeeds").is_some();
        assert!(exists || left == 0, "{left} rows are left, which no erasure finds");
        assert_exact_totals(&chat);
        let erased = chat.users().erase_user(&user).expect("it is run again");
        assert_eq!(erased.is_some(), exists);
        assert_eq!(rows_of(&database, &user), 0);
        assert_exact_totals(&chat);
        assert_eq!(export(&chat, "user-other"), others);
    }
    assert!(partial > 0 || kills() < 10, "no erasure was killed in the middle");
    counts.print(engine, "erasures", kills());
}

/// Erases a user, in the process that is killed.
fn erase(url: &str, user: &str) {
    let chat = open_ready(url);
    assert!(chat.users().get_user(user).expect("the query succeeds").is_some());
    report("ack user");
    match chat.users().erase_user(user) {
        Ok(Some(_)) => report("erased"),
        outcome => report(&format!("failed: {outcome:?}")),
    }
    // Until it is killed.
    thread::sleep(Duration::from_secs(60));
}

/// Returns the duration of an erasure.
fn duration(chat: &Chatkeep) -> Duration {
    fill(chat, "user-first");
    let begin = Instant::now();
    chat.users().erase_user("user-first").expect("it succeeds").expect("the user exists");
    begin.elapsed()
}

/// Stores a user with rows in several tables.
fn fill(chat: &Chatkeep, id: &str) {
    let new =
        NewUser { public_id: Some(id.to_owned()), ..NewUser::with_email(format!("{id}@x.org")) };
    let user = chat.users().create_user(&new).expect("the user is created");
    for number in 0..10 {
        let label = format!("{id} {number}");
        let session = NewSession::of(&user).with_label(&label);
        chat.sessions().create_session(&session).expect("the session is created");
        let token = NewToken::new(label).with_user_id(id);
        chat.tokens().create_token_with(&token).expect("the token is created");
    }
    let conversations = chat.conversations();
    let mut places = vec![None];
    for _ in 0..CONVERSATIONS {
        let created = conversations.create_conversation(Some(id), Some(id), None, None);
        let created = created.expect("it is created");
        conversations.begin_turn(&created.public_id, &TurnStart::new(id)).expect("it is open");
        places.push(Some(created.id));
    }
    for conversation_id in places {
        let messages: Vec<_> = (0..MESSAGES)
            .map(|number| NewMessage {
                conversation_id,
                user_id: Some(user.id),
                tokens_used: Some(3),
                ..NewMessage::new(format!("{id} {number}"))
            })
            .collect();
        chat.messages().log_messages(&messages).expect("they are logged");
    }
    let entry =
        chatkeep::NewAuditEntry { actor: Some(id.to_owned()), ..chatkeep::NewAuditEntry::new("a") };
    chat.audit().record_audit(&entry).expect("it is recorded");
}

/// Returns all stored data of a user.
fn export(chat: &Chatkeep, id: &str) -> Vec<String> {
    chat.users().iter_user_export(id).map(|line| line.expect("the query succeeds")).collect()
}

/// Counts the rows that contain the public id of a user.
fn rows_of(database: &TestDatabase, id: &str) -> usize {
    let rows = |table: &str| {
        let rows = database.query(&format!("SELECT * FROM {table}"));
        rows.iter().filter(|row| row.iter().flatten().any(|text| text.contains(id))).count()
    };
    TABLES.into_iter().map(rows).sum()
}
