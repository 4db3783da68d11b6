//! Operations called by their descriptions, as language bindings do.

use chatkeep_core::described::{Described as _, Record};
use chatkeep_core::{Bytes, Error, ErrorKind, Result};
use serde_json::{Value, json};

use super::{
    Arguments, DefaultValue, Field, Operation, Placement, arguments_from_json_text, interfaces,
};
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

#[derive(Debug, PartialEq, Record)]
#[record(argument)]
struct Part {
    data: Bytes,
}

#[derive(Debug, PartialEq, Record)]
#[record(argument)]
struct Whole {
    #[record(name = "pieces")]
    parts: Vec<Part>,
    best: Option<Part>,
}

const WHOLE: [Field; 1] = [Field {
    name: "whole",
    source: "all",
    documentation: "",
    ty: Whole::TYPE,
    default: DefaultValue::Required,
    placement: Placement::Automatic,
}];

#[test]
fn records_in_records_are_arguments_and_errors_have_their_path() {
    let take = |whole: Value| -> Result<Whole> {
        let values = arguments_from_json_text(&WHOLE, &json!({ "whole": whole }).to_string())?;
        Arguments::new(&WHOLE, values).take()
    };
    let taken = take(json!({"pieces": [{"data": ""}, {"data": "AP8="}]})).unwrap();
    let part = |bytes: &[u8]| Part { data: bytes.to_vec().into() };
    assert_eq!(taken, Whole { parts: vec![part(b""), part(b"\0\xff")], best: None });
    let taken = take(json!({"pieces": [], "best": {"data": "YQ=="}})).unwrap();
    assert_eq!(taken, Whole { parts: Vec::new(), best: Some(part(b"a")) });

    let cases = [
        (json!(null), "whole", "must be a JSON object, not null"),
        (json!({"pieces": {}}), "whole.pieces", "must be a list, not an object"),
        (json!({"pieces": [{}]}), "whole.pieces[0].data", "is required"),
        (json!({"pieces": [{"data": null}]}), "whole.pieces[0].data", "base64 text, not null"),
        (json!({"pieces": [{"data": "a"}]}), "whole.pieces[0].data", "must be base64 text"),
        (json!({"pieces": [], "best": {}}), "whole.best.data", "is required"),
        (json!({"pieces": [], "best": {"date": 1}}), "whole.best.date", "is not an argument"),
    ];
    for (whole, field, text) in cases {
        let error = take(whole.clone()).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::InvalidInput, Some(field)),
            "{whole}"
        );
        assert!(error.message().contains(text), "{whole}: {error}");
    }
}

#[test]
fn errors_of_calls_name_the_fields_of_records() {
    let renamed = |field: &'static str| {
        let error = Error::invalid_input(field, "is invalid");
        operation("tokens", "revoke_token").rename(&WHOLE, error).field().map(str::to_owned)
    };
    for (field, expected) in [
        ("all", "whole"),
        ("all.parts", "whole.pieces"),
        ("all.parts[2].data", "whole.pieces[2].data"),
        // The library does not know the name of the parameter.
        ("parts[2].data", "whole.pieces[2].data"),
        ("best", "whole.best"),
        ("other.parts", "other.parts"),
        ("whole.pieces[2].data", "whole.pieces[2].data"),
    ] {
        assert_eq!(renamed(field).as_deref(), Some(expected));
    }
}
