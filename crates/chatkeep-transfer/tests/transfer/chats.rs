//! Tests of the import of conversations from export files of ChatGPT, Claude and chatkeep.

use chatkeep::{ConversationItem, Message, MessageFilter, NewUser, Order};
use chatkeep_transfer::{ChatImportOptions, ChatImportReport, import_chats};
use serde_json::{Value, json};

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    conversations_of_chatgpt_are_imported_once,
    conversations_of_claude_are_imported_with_their_blocks,
    lines_of_chatkeep_keep_times_and_links,
    invalid_conversations_are_listed_and_the_others_stored,
];

fn import(store: &Store, file: &str) -> ChatImportReport {
    import_with(store, file, ChatImportOptions::default())
}

fn import_with(store: &Store, file: &str, options: ChatImportOptions<'_>) -> ChatImportReport {
    import_chats(store, file.as_bytes(), options, &mut |_| {}).expect("an import")
}

fn turns(store: &Store, id: &str) -> Vec<Message> {
    let found = store.conversations().get_conversation(id).expect("an answer").expect("there");
    let filter = MessageFilter::default().with_conversation_id(found.id);
    let turns: chatkeep::Result<Vec<_>> =
        store.messages().iter_messages(&filter, Order::OldestFirst).collect();
    turns.expect("the turns")
}

fn items(store: &Store, id: &str) -> Vec<ConversationItem> {
    store.conversations().get_items(id, 100, None, Some(0)).expect("the items")
}

/// Returns a node of ChatGPT's tree.
fn node(parent: Option<&str>, children: &[&str], message: Value) -> Value {
    json!({ "parent": parent, "children": children, "message": message })
}

fn message(role: &str, at: f64, content: Value) -> Value {
    json!({ "author": { "role": role }, "create_time": at, "content": content,
        "recipient": "all", "metadata": { "model_slug": "gpt-4o" } })
}

fn text(text: &str) -> Value {
    json!({ "content_type": "text", "parts": [text] })
}

/// A conversation of ChatGPT with a regenerated response, a tool call and an image.
fn chatgpt(id: &str) -> Value {
    let mut call = message(
        "assistant",
        1_700_000_003.0,
        json!({ "content_type": "code", "text": "search()" }),
    );
    call["recipient"] = "web".into();
    json!({
        "id": id, "conversation_id": id, "title": "预写日志", "create_time": 1_700_000_000.25,
        "update_time": 1_700_000_100.0, "current_node": "answer", "is_archived": true,
        "mapping": {
            "root": node(None, &["system"], Value::Null),
            "system": node(Some("root"), &["ask"], message("system", 0.0, text(""))),
            "ask": node(Some("system"), &["call", "old"], message("user", 1_700_000_002.5, json!({
                "content_type": "multimodal_text",
                "parts": [{ "content_type": "image_asset_pointer", "width": 10 }, "什么是 WAL？\u{0}"],
            }))),
            "old": node(Some("ask"), &[], message("assistant", 1_700_000_002.75, text("No idea."))),
            "call": node(Some("ask"), &["result"], call),
            "result": node(Some("call"), &["first"], message("tool", 1_700_000_004.0, json!({
                "content_type": "execution_output", "text": "found",
            }))),
            "first": node(Some("result"), &["answer"], message("assistant", 1_700_000_005.0, text("预写日志。"))),
            "answer": node(Some("first"), &[], message("assistant", 1_700_000_006.0, text("Write-ahead log."))),
        },
    })
}

fn conversations_of_chatgpt_are_imported_once(store: &Store) {
    let user = store.users().create_user(&NewUser::with_email("ada@example.org")).expect("a user");
    let file = json!([chatgpt("c-1"), chatgpt("c-2")]).to_string();
    let options = ChatImportOptions { user_id: Some(&user.public_id), ..Default::default() };
    let dry = import_with(store, &file, ChatImportOptions { dry_run: true, ..options });
    assert_eq!((dry.stored, dry.turns, store.count()), (2, 2, 0));
    let report = import_with(store, &file, options);
    assert_eq!((report.found, report.stored, report.turns, report.items), (2, 2, 2, 6));
    assert_eq!((report.other_branches, report.invalid), (2, 0));

    let found = store.conversations().get_conversation("c-1").expect("an answer").expect("there");
    assert_eq!(found.title.as_deref(), Some("预写日志"));
    assert_eq!(found.user_id.as_ref(), Some(&user.public_id));
    assert_eq!(found.created_at.to_string(), "2023-11-14T22:13:20.250000+00:00");
    assert_eq!(found.last_message_at.to_string(), "2023-11-14T22:13:26.000000+00:00");
    assert_eq!(
        found.archived_at.map(|at| at.to_string()).as_deref(),
        Some("2023-11-14T22:15:00.000000+00:00")
    );
    let [turn] = &turns(store, "c-1")[..] else { panic!("one turn") };
    assert_eq!(turn.user_message, "什么是 WAL？\u{fffd}");
    assert_eq!(turn.bot_response.as_deref(), Some("预写日志。\n\nWrite-ahead log."));
    assert_eq!((turn.provider.as_deref(), turn.model.as_deref()), (Some("openai"), Some("gpt-4o")));
    assert_eq!(turn.timestamp.to_string(), "2023-11-14T22:13:22.500000+00:00");
    assert_eq!(turn.user_id, Some(user.id));
    let items = items(store, "c-1");
    let kinds: Vec<_> = items.iter().map(|item| (item.role.as_str(), item.kind.as_str())).collect();
    let expected =
        [("user", "image_asset_pointer"), ("assistant", "tool_call"), ("tool", "execution_output")];
    assert_eq!(kinds, expected);
    assert!(items.iter().all(|item| item.message_id == Some(turn.id)));
    assert_eq!(items[1].content.as_json(), r#"{"recipient":"web","text":"search()"}"#);
    assert_eq!(items[1].created_at.to_string(), "2023-11-14T22:13:23.000000+00:00");

    let again = import_with(store, &file, options);
    assert_eq!((again.stored, again.already_there, store.count()), (0, 2, 2));
    store.assert_totals();
}

fn conversations_of_claude_are_imported_with_their_blocks(store: &Store) {
    let file = json!([{
        "uuid": "c-9", "name": "", "created_at": "2024-05-01T10:00:00.5Z",
        "updated_at": "2024-05-02T10:00:00Z", "account": { "uuid": "a" },
        "chat_messages": [
            { "uuid": "m1", "sender": "human", "text": "Hi", "created_at": "2024-05-01T10:00:01Z",
              "content": [{ "type": "text", "text": "Hi" }],
              "attachments": [{ "file_name": "a.txt", "extracted_content": "A" }], "files": [] },
            { "uuid": "m2", "sender": "assistant", "text": "placeholder",
              "created_at": "2024-05-01T10:00:02Z", "content": [
                { "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "One." },
                { "type": "tool_use", "name": "search", "input": { "q": "x" } },
                { "type": "tool_result", "content": [] }, { "type": "text", "text": "Two." }] },
            { "uuid": "m3", "sender": "human", "text": "Old form", "created_at": "2024-05-01T10:00:03Z" },
        ],
    }]);
    let report = import(store, &file.to_string());
    assert_eq!((report.stored, report.turns, report.items, report.other_branches), (1, 2, 4, 0));
    let turns = turns(store, "c-9");
    assert_eq!(turns[0].bot_response.as_deref(), Some("One.\n\nTwo."));
    assert_eq!(
        (turns[0].provider.as_deref(), turns[1].provider.as_deref()),
        (Some("anthropic"), None)
    );
    assert_eq!((turns[1].user_message.as_str(), &turns[1].bot_response), ("Old form", &None));
    let items = items(store, "c-9");
    let kinds: Vec<_> = items.iter().map(|item| (item.role.as_str(), item.kind.as_str())).collect();
    let expected = [
        ("user", "attachment"),
        ("assistant", "thinking"),
        ("assistant", "tool_use"),
        ("tool", "tool_result"),
    ];
    assert_eq!(kinds, expected);
    let found = store.conversations().get_conversation("c-9").expect("an answer").expect("there");
    assert_eq!((found.title, found.last_message_at), (None, turns[1].timestamp));

    // A newer file has a tree of messages.
    let mut tree = file[0].clone();
    tree["uuid"] = "c-10".into();
    let root = "00000000-0000-4000-8000-000000000000";
    for (index, parent) in [root, "m1", "m1"].into_iter().enumerate() {
        tree["chat_messages"][index]["parent_message_uuid"] = parent.into();
    }
    let report = import(store, &tree.to_string());
    assert_eq!((report.stored, report.turns, report.other_branches), (1, 2, 1));
}

fn lines_of_chatkeep_keep_times_and_links(store: &Store) {
    let line = json!({
        "public_id": "c-5", "user_id": null, "title": "WAL", "created_at": "2024-05-01T10:00:00Z",
        "last_message_at": "2024-05-01T10:00:02Z", "archived_at": null, "metadata": { "a": 1 },
        "turns": [{ "id": 700, "timestamp": "2024-05-01T10:00:01Z", "user_message": "q",
            "bot_response": "a", "input_tokens": 5, "output_tokens": 2, "cost": "0.001" }],
        "items": [
            { "position": 1, "role": "system", "kind": "message", "content": { "text": "s" },
              "message_id": null, "created_at": "2024-05-01T10:00:00Z" },
            { "position": 2, "role": "tool", "kind": "tool_result", "content": {},
              "message_id": 700, "created_at": "2024-05-01T10:00:02Z" },
        ],
    });
    let report = import(store, &format!("{line}\n"));
    assert_eq!((report.stored, report.turns, report.items), (1, 1, 2));
    let turn = &turns(store, "c-5")[0];
    assert_eq!((turn.input_tokens, turn.tokens_used), (Some(5), Some(7)));
    let items = items(store, "c-5");
    assert_eq!((items[0].message_id, items[1].message_id), (None, Some(turn.id)));
    let found = store.conversations().get_conversation("c-5").expect("an answer").expect("there");
    assert_eq!(found.last_message_at.to_string(), "2024-05-01T10:00:02.000000+00:00");
    assert_eq!(found.metadata.expect("metadata").as_json(), r#"{"a":1}"#);
}

fn invalid_conversations_are_listed_and_the_others_stored(store: &Store) {
    let mut no_time = chatgpt("c-2");
    no_time["mapping"] = json!({});
    no_time["create_time"] = Value::Null;
    no_time["update_time"] = Value::Null;
    let mut wrong_type = chatgpt("c-3");
    wrong_type["mapping"]["ask"]["message"]["author"] = json!("ada");
    let file = json!([chatgpt("c-1"), no_time, wrong_type, { "id": "c-4" }, chatgpt("c-5")]);
    let report = import(store, &file.to_string());
    assert_eq!((report.found, report.stored, report.invalid), (5, 2, 3));
    let problems: Vec<_> = report.problems.iter().collect();
    assert_eq!((problems[0].conversation, problems[0].field.as_deref()), (2, Some("create_time")));
    assert_eq!(problems[1].id.as_deref(), Some("c-3"));
    assert!(problems[1].message.contains("at byte"), "{}", problems[1].message);
    assert!(problems[2].message.contains("chat_messages"), "{}", problems[2].message);

    let unknown = ChatImportOptions { user_id: Some("nobody"), ..Default::default() };
    let report = import_with(store, &json!([chatgpt("c-6")]).to_string(), unknown);
    assert_eq!((report.invalid, report.problems[0].field.as_deref()), (1, Some("user_id")));
    let truncated = json!([chatgpt("c-7"), chatgpt("c-8")]).to_string();
    let error = import_chats(
        store,
        &truncated.as_bytes()[..truncated.len() - 9],
        ChatImportOptions::default(),
        &mut |_| {},
    );
    assert!(error.expect_err("truncated").message().starts_with("is truncated: "));
    assert_eq!(store.count(), 3, "conversations before the position are stored");
}
