//! Users with rows in every table, for the tests of exports and erasures.

use chatkeep::{
    Bytes, JsonValue, NewAuditEntry, NewChannel, NewCheckpoint, NewCredential, NewGraphWrite,
    NewMessage, NewRoutingRequest, NewSession, NewStream, NewTask, NewToken, NewTurn, NewUser,
    RoutingOutcome, TurnStart,
};

use crate::conversations::item;
use crate::credentials::{KEY, with_keys};
use crate::store::{Store, TIMEOUT, metadata};

/// Secrets of a user, which no export contains.
pub(super) type Secrets = Vec<String>;

pub(super) fn id(name: &str) -> String {
    format!("{name}-mark-id")
}

/// Stores a user with rows in every table, all of which contain the name and `mark`.
pub(super) fn fill(store: &Store, name: &str) -> Secrets {
    let mark = |part: &str| format!("{name}-mark {part}");
    let data = metadata(&format!(r#"{{"a": "{name}-mark"}}"#));
    let email = format!("{name}-mark@example.org");
    let (users, id) = (store.users(), id(name));
    let new = NewUser {
        email: Some(email.clone()),
        username: Some(format!("{name}-mark")),
        name: Some(mark("name")),
        avatar_url: Some(mark("avatar")),
        metadata: Some(data.clone()),
        public_id: Some(id.clone()),
        ..NewUser::default()
    };
    let user = users.create_user(&new.with_password("secret-mark")).expect("the user is created");
    users.link_identity(&id, "google", &mark("subject"), Some(&email)).expect("it is linked");
    users.grant_role(&id, "writer", None, Some("root")).expect("it is granted");
    let reset = users.create_one_time_secret("reset", &id, 3_600).expect("it is created");
    let confirm = users.create_one_time_secret("confirm", &email, 3_600).expect("it is created");
    let token = NewToken::new(mark("token")).with_user_id(&id);
    let token = store.tokens().create_token_with(&token).expect("the token is created");
    let rotated = store.tokens().rotate_token(token.id, Some(60)).expect("it is rotated");
    let session = NewSession::of(&user).with_label(mark("label")).with_user_agent(mark("agent"));
    let session = store.sessions().create_session(&session).expect("the session is created");
    let next = store.sessions().rotate_session(session.secret.expose()).expect("it is rotated");

    let conversations = store.conversations();
    for number in 0..3 {
        let title = mark(&number.to_string());
        let created =
            conversations.create_conversation(Some(&id), Some(&title), Some(data.clone()), None);
        let created = created.expect("the conversation is created");
        let conversation = created.public_id.as_str();
        let items = vec![item("user", &mark("item")); 5];
        conversations.append_items(conversation, &items, None).expect("they are stored");
        let turn = NewTurn::new(mark("question")).with_response(mark("answer"));
        let turn = conversations.append_turn(conversation, &turn).expect("it is logged");
        conversations.begin_turn(conversation, &TurnStart::new(mark("open"))).expect("it is open");
        store.feedback().put_feedback(turn, &id, 1, Some(&mark("comment"))).expect("it is stored");
        // In the user's conversation, but without the user.
        let message = NewMessage {
            conversation_id: Some(created.id),
            tokens_used: Some(7),
            ..NewMessage::new(mark("message"))
        };
        store.messages().log_message(&message).expect("it is logged");
        let stream = NewStream::default().with_conversation(conversation);
        for stream in [stream, NewStream::default().with_user(&id)] {
            let stream = store.streams().create_stream(&stream).expect("the stream is created");
            store.streams().append(&stream.public_id, &mark("chunk")).expect("it is appended");
            store.streams().flush_stream(&stream.public_id).expect("it is stored");
        }
    }
    let message = NewMessage {
        user_id: Some(user.id),
        provider: Some("openai".into()),
        tokens_used: Some(5),
        ..NewMessage::new(mark("message without a conversation"))
    };
    store.messages().log_message(&message).expect("it is logged");
    for (actor, object) in [(Some(&id), None), (Some(&email), None), (None, Some(&id))] {
        let entry = NewAuditEntry {
            actor: actor.cloned(),
            object: object.map(|id| format!("user:{id}")),
            before: Some(data.clone()),
            after: Some(data.clone()),
            ip: actor.map(|_| mark("ip")),
            ..NewAuditEntry::new("a")
        };
        store.audit().record_audit(&entry).expect("it is recorded");
    }
    store_thread(store, name);
    store_tasks(store, name);
    store_requests(store, name);
    store_credential(store, name);
    store_settings(store, name);
    store.flush(TIMEOUT).expect("everything is stored");
    let mut secrets = vec![
        reset.secret.expose().to_owned(),
        confirm.secret.expose().to_owned(),
        token.token.expose().to_owned(),
        rotated.expect("it exists").token.expose().to_owned(),
        session.secret.expose().to_owned(),
        next.expect("it is valid").secret.expose().to_owned(),
        "secret-mark".to_owned(),
    ];
    for (table, column) in [
        ("chat_users", "stamp"),
        ("user_passwords", "hash"),
        ("one_time_secrets", "digest"),
        ("api_tokens", "token_hash"),
        ("api_tokens", "previous_hash"),
        ("user_sessions", "token_hash"),
        ("user_sessions", "previous_hash"),
        ("user_sessions", "rotation_salt"),
        ("user_sessions", "family"),
        ("chat_tasks", "lease_token"),
    ] {
        let rows = store.raw.query(&format!("SELECT {column} FROM {table}"));
        secrets.extend(rows.into_iter().flatten().flatten());
    }
    secrets
}

/// Stores a checkpoint of an agent whose thread belongs to the user.
fn store_thread(store: &Store, name: &str) {
    let mark = format!("{name}-mark");
    let data = |text: String| Bytes::from(text.into_bytes());
    let mut new = NewCheckpoint::new("1", "json", data("{}".into()), "json", data("{}".into()));
    let list = vec![format!("{:?}", mark.repeat(50)); 2].join(",");
    new.channels = vec![
        NewChannel::with_value("list", "1", "json", data(format!("[{list}]"))),
        NewChannel::with_value("large", "1", "json", data(format!("{:?}", mark.repeat(100)))),
    ];
    store.graph().put_checkpoint(&mark, &new).expect("it is stored");
    let write = NewGraphWrite {
        index: 0,
        channel: mark.clone(),
        format: "json".into(),
        data: data(format!("{mark:?}")),
    };
    store.graph().put_writes(&mark, "1", "task", &[write], "", "").expect("it is stored");
    let owned = store.graph().set_thread_user(&mark, Some(&id(name)));
    assert!(owned.expect("it is stored"));
}

/// Stores requests of the user.
fn store_requests(store: &Store, name: &str) {
    let mark = format!("{name}-mark");
    for number in 0..3 {
        let request = NewRoutingRequest {
            user_id: Some(id(name)),
            reason: Some(JsonValue::text(&mark).expect("JSON")),
            ..NewRoutingRequest::new(
                format!("{name}-{number}"),
                "openai",
                "gpt",
                RoutingOutcome::Success,
            )
        };
        store.routing().record_request(&request).expect("it is recorded");
    }
}

/// Stores tasks of the user, one of them running.
fn store_tasks(store: &Store, name: &str) {
    let kind = format!("{name}-mark");
    let input = metadata(&format!(r#"{{"a": "{kind}"}}"#));
    let new = NewTask::new(&kind, input).with_user_id(id(name));
    store.tasks().enqueue_tasks(&vec![new; 3]).expect("they are enqueued");
    let claimed = store.tasks().claim_tasks(&[kind], "w", 60, 1, 0).expect("the call succeeds");
    assert_eq!(claimed.len(), 1);
}

/// Stores a credential of the user.
fn store_credential(store: &Store, name: &str) {
    let new = NewCredential::new(format!("{name}-mark"), "secret-mark of a provider")
        .with_user_id(id(name))
        .with_created_by(id(name));
    let chat = with_keys(store, KEY);
    chat.credentials().add_credential(&new).expect("it is stored");
}

/// Stores settings of the user, and one of others that the user changed.
fn store_settings(store: &Store, name: &str) {
    let (id, by) = (id(name), id(name));
    let own = [format!("user:{id}"), format!("user:{name}-mark@example.org")];
    let value = JsonValue::text(&format!("{name}-mark value")).expect("a text");
    let set = |key: &str, value: &JsonValue, scope: &str| {
        let stored = store.app_settings().set_setting(key, value, scope, None, Some(&by));
        stored.expect("it is stored");
    };
    own.iter().for_each(|scope| set("theme", &value, scope));
    set("theme", &JsonValue::null(), &own[0]);
    set(&format!("{name}.limit"), &JsonValue::from(7), "tenant");
}

/// Adds users with rows in every table.
pub(super) fn fill_all(store: &Store) {
    fill(store, "ada");
    fill(store, "bob");
    let grant = |to: &str, by: &str| {
        store.users().grant_role(&id(to), "admin", None, Some(&id(by))).expect("it is granted");
    };
    grant("bob", "ada");
}
