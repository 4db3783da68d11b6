//! Tests of `messages stats`.

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::json;

use crate::command::Home;
use crate::messages::sample;

#[test]
fn ranges_that_end_before_they_start_are_rejected() {
    let home = Home::new();
    let span = ["messages", "stats", "--since", "2024-02-01", "--until", "2024-01-01", "--json"];
    let answer = home.run(&span);
    assert_eq!((answer.code, &answer.error()["field"]), (Some(2), &json!("--since")), "{answer:?}");
}

#[test]
fn statistics_have_totals_and_a_chart() {
    let home = sample();
    let text = home.run_ok(&["messages", "stats"]);
    assert!(
        text.starts_with(
            "4 messages · 40 tokens · 10.0 tokens on average\nfrom 2024-05-01 to 2024-05-06 (UTC)\n"
        ),
        "{text}"
    );
    assert!(text.contains("\nBy day\n  2024-05-01  1  █"), "{text}");
    assert!(text.contains("\n  3 days without messages\n  2024-05-06  1  █"), "{text}");
    assert!(text.contains("\nBy provider\n  openai     3  █"), "{text}");
    let ascii = home.run_with(&["messages", "stats"], &[("LC_ALL", "C")]);
    assert!(ascii.out.is_ascii() && ascii.out.contains("  openai     3  ####"), "{}", ascii.out);

    let json = home.run_json(&["messages", "stats", "--until", "2024-05-02"]);
    let expected = json!({
        "total_messages": 3,
        "total_tokens": 30,
        "average_tokens": 10.0,
        "providers": { "anthropic": 1, "openai": 2 },
        "models": { "m-1": 3 },
        "by_date": { "2024-05-01": 1, "2024-05-02": 2 },
        "total_cost": "0",
        "messages_with_cost": 0,
        "cost_by_provider": {},
        "cost_by_model": {},
        "cost_by_date": {},
    });
    assert_eq!(json, expected);
}

#[test]
fn stored_totals_are_checked_and_rebuilt() {
    let database = TestDatabase::create(Engine::Sqlite);
    let home = Home::at(database.url());
    let log = |time: &str| {
        home.run_ok(&[
            "messages",
            "log",
            "a",
            "--provider",
            "openai",
            "--tokens",
            "10",
            "--timestamp",
            time,
        ])
    };
    for time in ["2024-05-05", "2024-05-06", "2024-05-06T01:00:00Z"] {
        log(time);
    }
    let rebuilt = home.run_ok(&["messages", "stats", "--rebuild"]);
    assert_eq!(rebuilt, "the totals of 3 messages are correct\n");
    log("2024-05-07");
    let right = home.run_json(&["messages", "stats", "--check"]);
    assert_eq!(right, json!({ "counted": 3, "uncounted": 1, "differences": [] }));
    database.execute("DELETE FROM messages WHERE timestamp LIKE '2024-05-06 01%'");
    let wrong = home.run(&["messages", "stats", "--check"]);
    assert_eq!(
        (wrong.code, wrong.out.as_str()),
        (
            Some(1),
            "30 days from 2024-05-02T00:00, openai, unknown: \
             stored 3 messages with 30 tokens, actual 2 messages with 20 tokens\n\
             day from 2024-05-06T00:00, openai, unknown: \
             stored 2 messages with 20 tokens, actual 1 message with 10 tokens\n\
             hour from 2024-05-06T01:00, openai, unknown: \
             stored 1 message with 10 tokens, actual 0 messages with 0 tokens\n\
             the totals of 2 messages are wrong; run --rebuild (1 message not yet counted)\n"
        )
    );
    let rebuilt = home.run_ok(&["messages", "stats", "--rebuild"]);
    assert_eq!(rebuilt, "the totals of 3 messages are correct\n");
    home.run_ok(&["messages", "stats", "--check"]);
}
