//! Operations called by their descriptions, as language bindings do.

use chatkeep_core::{ErrorKind, Result};
use serde_json::{Value, json};

use super::{Operation, arguments_from_json_text, interfaces};
use crate::Chatkeep;

fn operation(interface: &str, name: &str) -> &'static Operation {
    let interface = interfaces().iter().find(|found| found.name == interface).unwrap();
    interface.operations.iter().find(|operation| operation.name == name).unwrap()
}

fn call(chat: &Chatkeep, interface: &str, name: &str, arguments: Value) -> Result<Value> {
    let operation = operation(interface, name);
    let fields = operation.fields();
    let arguments = arguments_from_json_text(&fields, &arguments.to_string())?;
    let call = operation.prepare(&fields, arguments)?;
    let answer = call(chat).map_err(|error| operation.rename(&fields, error))?;
    Ok(serde_json::to_value(&answer).unwrap())
}

#[test]
fn described_operations_do_what_the_methods_do() {
    let chat = Chatkeep::open("sqlite:///:memory:").unwrap();
    let call = |interface, name, arguments| call(&chat, interface, name, arguments).unwrap();
    let logged = json!({
        "message": "q", "response": "a", "provider": "p", "tokens_used": 3,
        "metadata": {"k": 1}, "timestamp": "2024-02-29T12:00:00+01:00",
    });
    let id = call("messages", "log_message", logged);
    let page = call("messages", "get_messages", json!({"metadata": {"k": 1}, "limit": 5}));
    assert_eq!(page[0]["id"], id);
    assert_eq!(page[0]["timestamp"], "2024-02-29T11:00:00.000000+00:00");
    let batch = json!({"messages": [{"message": "b"}, {"message": "c", "model": "m"}]});
    assert_eq!(call("messages", "log_messages", batch).as_array().unwrap().len(), 2);
    assert_eq!(call("messages", "get_message_count", json!({})), 3);
    let oldest = call("messages", "export_for_fine_tuning", json!({"format": "alpaca"}));
    assert_eq!(oldest, "{\"input\":\"\",\"instruction\":\"q\",\"output\":\"a\"}\n");
    assert_eq!(call("messages", "get_message_by_id", json!({"id": 99})), Value::Null);

    let created = call("tokens", "create_token", json!({}));
    assert_eq!(created["description"], "API Token");
    let token = &created["token"];
    assert_eq!(call("tokens", "verify_token", json!({"token": token})), true);
    assert_eq!(call("tokens", "revoke_token", json!({"token_id": created["id"]})), true);
    let check = call("tokens", "check_token", json!({"token": token}));
    assert_eq!((&check["valid"], &check["reason"]), (&json!(false), &json!("revoked")));

    assert_eq!(call("database", "db_type", json!({})), "sqlite");
    assert_eq!(call("database", "migrate", json!({"verb": "check"}))["matches"], true);
}

#[test]
fn errors_name_the_caller_s_argument() {
    let chat = Chatkeep::open("sqlite:///:memory:").unwrap();
    let cases = [
        ("messages", "log_message", json!({}), "message", "is required"),
        ("messages", "log_message", json!({"message": 1}), "message", "must be a string"),
        ("messages", "log_message", json!({"message": "a\u{0}"}), "message", "NUL"),
        (
            "messages",
            "log_message",
            json!({"message": "a", "text": 1}),
            "text",
            "is not an argument",
        ),
        ("messages", "log_messages", json!({"messages": {}}), "messages", "must be a list"),
        (
            "messages",
            "log_messages",
            json!({"messages": [{"message": "a"}, {"message": "b\u{0}"}]}),
            "messages[1].message",
            "NUL",
        ),
        (
            "messages",
            "log_messages",
            json!({"messages": [{"message": "a", "tokens_used": 1.5}]}),
            "messages[0].tokens_used",
            "64-bit integer",
        ),
        ("messages", "get_messages", json!({"limit": 0}), "limit", "between 1 and 10000"),
        ("messages", "get_messages", json!({"limit": null}), "limit", "must be an integer"),
        ("messages", "get_messages", json!({"cursor": "x"}), "cursor", "is not a cursor"),
        (
            "messages",
            "get_analytics",
            json!({"start_date": "2025-01-01", "end_date": "2024-01-01"}),
            "start_date",
            "must not be later",
        ),
        ("messages", "get_analytics", json!({"end_date": "soon"}), "end_date", "date and time"),
        ("messages", "export_for_fine_tuning", json!({"format": "xml"}), "format", "must be jsonl"),
        ("tokens", "create_token", json!({"expires_days": 0}), "expires_days", "1"),
        (
            "conversations",
            "rename_conversation",
            json!({"conversation_id": "a"}),
            "title",
            "is required",
        ),
        (
            "database",
            "migrate",
            json!({"verb": "sql", "from_revision": "zz"}),
            "from_revision",
            "zz",
        ),
    ];
    for (interface, name, arguments, field, text) in cases {
        let error = call(&chat, interface, name, arguments.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name} {arguments}: {error}");
        assert_eq!(error.field(), Some(field), "{name} {arguments}: {error}");
        assert!(error.to_string().contains(text), "{name} {arguments}: {error}");
    }
}
