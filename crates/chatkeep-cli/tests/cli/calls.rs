//! Tests of `call`.

use serde_json::json;

use crate::command::Home;

#[test]
fn operations_are_called_with_names_and_values() {
    let home = Home::new();
    let logged = home.run_json(&[
        "call",
        "messages.log_message",
        "message=a=b",
        "tokens_used=5",
        "metadata={\"k\": [1]}",
    ]);
    assert_eq!(logged, json!(1));
    let page = home.run_json(&["call", "messages.get_messages", "limit=1"]);
    assert_eq!((&page[0]["user_message"], &page[0]["tokens_used"]), (&json!("a=b"), &json!(5)));
    assert_eq!(page[0]["metadata"], json!({"k": [1]}));
}

#[test]
fn secrets_are_read_from_standard_input() {
    let home = Home::new();
    let token = home.run_json(&["call", "tokens.create_token"])["token"].clone();
    let answer = home.run_on(
        json!({ "token": token }).to_string(),
        &["call", "tokens.check_token", "--input", "-"],
    );
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("\"valid\": true"), "{}", answer.out);
}

#[test]
fn invalid_calls_name_the_argument() {
    let home = Home::new();
    let cases: [(&[&str], &str); 7] = [
        (&["tokens.revoke_token", "token_id=x"], "token_id: must be an integer, not a string"),
        (&["tokens.revoke_token", "id=3"], "id: is not an argument; expected token_id"),
        (&["tokens.revoke_token"], "token_id: is required"),
        (&["tokens.revoke_token", "3"], "argument 1 after the operation is not NAME=VALUE"),
        (
            &["credentials.add_credential", "name=a", "hunter2"],
            "argument 2 after the operation is not NAME=VALUE",
        ),
        (&["tokens.revoke_token", "token_id=1", "token_id=2"], "token_id: is given twice"),
        (&["messages.iter_messages"], "OPERATION: no operation \"messages.iter_messages\""),
    ];
    for (arguments, message) in cases {
        let answer = home.run(&[&["call"], arguments].concat());
        assert_eq!(answer.code, Some(2), "{arguments:?}");
        assert!(answer.err.contains(message), "{arguments:?}: {}", answer.err);
        assert!(!answer.err.contains("hunter2"), "{}", answer.err);
    }
}

#[test]
fn invalid_input_files_are_not_quoted() {
    let home = Home::new();
    let call = &["call", "credentials.add_credential", "--input", "-"];
    for input in ["\"hunter2\"", "[\"hunter2\"]", "{\"name\": hunter2}"] {
        let answer = home.run_on(input, call);
        assert_eq!(answer.code, Some(2), "{}", answer.err);
        assert!(answer.err.contains("--input: must be a JSON object"), "{}", answer.err);
        assert!(!answer.err.contains("hunter2"), "{}", answer.err);
    }
}

#[test]
fn numbers_are_exact_or_rejected() {
    let home = Home::new();
    let logged =
        |metadata: &str| home.run(&["call", "messages.log_message", "message=a", metadata]);
    let answer = logged("metadata={\"n\": 9223372036854775807}");
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let page = home.run_json(&["call", "messages.get_messages"]);
    assert_eq!(page[0]["metadata"], json!({"n": i64::MAX}));
    let deep = format!("metadata={{\"n\": {}{}}}", "[".repeat(200), "]".repeat(200));
    for metadata in ["metadata={\"n\": 18446744073709551616}", &deep] {
        let answer = logged(metadata);
        assert_eq!(answer.code, Some(2), "{metadata}: {}", answer.err);
        assert!(answer.err.contains("metadata: "), "{metadata}: {}", answer.err);
    }
}

#[test]
fn list_has_every_operation_as_text_and_as_json() {
    let home = Home::new();
    let text = home.run_ok(&["call", "--list"]);
    assert!(text.contains("tokens.revoke_token token_id=…\n"), "{text}");
    let listed = home.run_json(&["call", "--list"]);
    let operations = listed.as_array().expect("a list");
    assert!(operations.iter().any(|operation| operation["operation"] == "database.reclaim"));
}
