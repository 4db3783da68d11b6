//! Tests of `messages log`, `get` and `prune`.

use serde_json::json;

use crate::command::Home;

/// Logs four messages on three days.
pub(crate) fn sample() -> Home {
    let home = Home::new();
    let log = |text: &str, answer: &str, provider: &str, day: &str, rating: u8| {
        let time = format!("2024-05-{day}T10:00:00Z");
        let metadata = format!("{{\"rating\": {rating}, \"user\": \"u-{rating}\"}}");
        let options =
            ["--response", answer, "--provider", provider, "--model", "m-1", "--tokens", "10"];
        let mut arguments =
            vec!["messages", "log", text, "--timestamp", &time, "--metadata", &metadata];
        arguments.extend(options);
        home.run_ok(&arguments);
    };
    log("What is WAL?", "A write-ahead log.", "openai", "01", 5);
    log("Is 100% enough?", "Yes.", "anthropic", "02", 3);
    log("Grüße aus Köln 👋🏽", "Hallo!", "openai", "02", 5);
    log("Last one", "Done.", "openai", "06", 1);
    home
}

#[test]
fn log_prints_the_id_and_get_shows_the_message() {
    let home = Home::new();
    let id = home.run_ok(&[
        "messages",
        "log",
        "one\ntwo",
        "--response",
        "three",
        "--provider",
        "openai",
        "--tokens",
        "1234",
    ]);
    assert_eq!(id, "1\n");
    let text = home.run_ok(&["messages", "get", "1"]);
    assert!(text.contains("Provider  openai\n") && text.contains("Tokens    1,234\n"), "{text}");
    assert!(text.ends_with("\nMessage\none\ntwo\n\nResponse\nthree\n"), "{text}");
    assert_eq!(home.run_json(&["messages", "log", "again"]), json!({ "id": 2 }));
}

#[test]
fn messages_are_json_objects_with_all_keys() {
    let home = sample();
    let expected = json!({
        "id": 1,
        "timestamp": "2024-05-01T10:00:00.000000+00:00",
        "user_message": "What is WAL?",
        "bot_response": "A write-ahead log.",
        "provider": "openai",
        "model": "m-1",
        "tokens_used": 10,
        "metadata": { "rating": 5, "user": "u-5" },
        "conversation_id": null,
        "user_id": null,
        "input_tokens": null,
        "output_tokens": null,
        "cached_tokens": null,
        "reasoning_tokens": null,
        "cost": null,
        "latency_ms": null,
        "ttft_ms": null,
        "status": null,
        "error": null,
    });
    assert_eq!(home.run_json(&["messages", "get", "1"]), expected);
    assert_eq!(home.run_json(&["messages", "search", "write-AHEAD"]), json!([expected]));
}

#[test]
fn missing_messages_are_not_found() {
    let home = Home::new();
    let answer = home.run(&["messages", "get", "999"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(1), "error: ID: message 999 not found\n"));
    let answer = home.run(&["messages", "get", "999", "--json"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        answer.error(),
        json!({
            "kind": "NotFound",
            "field": "ID",
            "message": "message 999 not found",
            "retryable": false,
        })
    );
}

#[test]
fn standard_input_is_logged_without_the_final_line_break() {
    let home = Home::new();
    assert_eq!(home.run_on("one\ntwo\n\n", &["messages", "log", "-"]).code, Some(0));
    assert_eq!(home.run_json(&["messages", "get", "1"])["user_message"], "one\ntwo\n");
    let answer = home.run_on(b"caf\xe9\n", &["messages", "log", "-"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.starts_with("error: TEXT: must be UTF-8"), "{}", answer.err);
    assert_eq!(home.count(), 1);
}

#[test]
fn invalid_values_are_rejected_with_their_field() {
    let home = Home::new();
    let refused: &[(&[&str], &str)] = &[
        (&["--metadata", "[1, 2]"], "--metadata"),
        (&["--metadata", "{\"a\": NaN}"], "--metadata"),
        (&["--provider", &"p".repeat(51)], "--provider"),
        (&["--model", &"m".repeat(101)], "--model"),
        (&["--tokens", "-1"], "--tokens"),
    ];
    for (options, field) in refused {
        let mut arguments = vec!["messages", "log", "text", "--json"];
        arguments.extend(*options);
        let answer = home.run(&arguments);
        assert_eq!(answer.code, Some(2), "{options:?}: {answer:?}");
        assert_eq!(
            (&answer.error()["kind"], &answer.error()["field"]),
            (&json!("InvalidInput"), &json!(field)),
            "{answer:?}"
        );
    }
    let answer = home.run_on("a\0b", &["messages", "log", "-", "--json"]);
    assert_eq!(answer.error()["field"], "TEXT", "{answer:?}");
    assert_eq!(home.count(), 0);
}

#[test]
fn times_with_a_zone_but_no_offset_are_rejected() {
    let home = Home::new();
    let zoned = "2023-11-14T22:13:20[America/New_York]";
    let log = ["messages", "log", "text", "--timestamp", zoned];
    let list = ["messages", "list", "--since", zoned];
    for (arguments, name) in [(&log[..], "--timestamp"), (&list, "--since")] {
        let answer = home.run(&[arguments, &["--json"]].concat());
        assert_eq!((answer.code, &answer.error()["field"]), (Some(2), &json!(name)), "{answer:?}");
        let message = answer.error()["message"].to_string();
        assert!(message.contains("names a time zone") && message.contains("offset"), "{message}");
    }
    assert_eq!(home.count(), 0);
    home.run_ok(&[
        "messages",
        "log",
        "text",
        "--timestamp",
        "2023-11-14T22:13:20-05:00[America/New_York]",
    ]);
    assert_eq!(
        home.run_json(&["messages", "get", "1"])["timestamp"],
        "2023-11-15T03:13:20.000000+00:00"
    );
}

#[test]
fn errors_of_an_import_name_the_keys_of_the_file() {
    let home = Home::new();
    let answer = home.run_on("{\"user_message\": 5}\n", &["messages", "import", "-", "--json"]);
    assert_eq!(answer.error()["field"], "user_message", "{answer:?}");
}

#[test]
fn prune_requires_confirmation_and_deletes_old_messages() {
    let home = sample();
    home.run_ok(&["messages", "log", "new"]);
    let dry = home.run_ok(&["messages", "prune", "--older-than", "12w", "--dry-run"]);
    assert_eq!(dry, "would delete 4 messages older than 84 days\n");
    let answer = home.run(&["messages", "prune", "--older-than", "30d"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("--yes"), "{}", answer.err);
    assert_eq!(home.count(), 5);
    assert_eq!(
        home.run_json(&["messages", "prune", "--older-than", "30", "--yes"]),
        json!({ "deleted": 4, "older_than_days": 30 })
    );
    assert_eq!(home.count(), 1);
}

#[test]
fn prune_rejects_invalid_ages() {
    let home = sample();
    for age in ["0", "-1", "99999999999", "soon", "9223372036854775807w"] {
        let answer = home.run(&["messages", "prune", "--older-than", age, "--yes"]);
        assert_eq!(answer.code, Some(2), "{age}: {answer:?}");
    }
    assert_eq!(home.count(), 4);
}
