//! Tests of `messages log`, `list`, `get`, `search`, `count`, `stats` and `prune`.

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::json;

use crate::command::Home;

/// Logs four messages on three days.
fn sample() -> Home {
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
fn ranges_that_end_before_they_start_are_rejected() {
    let home = Home::new();
    let span = ["messages", "stats", "--since", "2024-02-01", "--until", "2024-01-01", "--json"];
    let answer = home.run(&span);
    assert_eq!((answer.code, &answer.error()["field"]), (Some(2), &json!("--since")), "{answer:?}");
}

#[test]
fn errors_of_an_import_name_the_keys_of_the_file() {
    let home = Home::new();
    let answer = home.run_on("{\"user_message\": 5}\n", &["messages", "import", "-", "--json"]);
    assert_eq!(answer.error()["field"], "user_message", "{answer:?}");
}

#[test]
fn limits_and_offsets_out_of_range_are_rejected() {
    let home = Home::new();
    for (option, value) in
        [("--limit", "0"), ("--limit", "-1"), ("--limit", "10001"), ("--offset", "-1")]
    {
        for command in [&["messages", "list"][..], &["messages", "search", "x"]] {
            let answer = home.run(&[command, &[option, value]].concat());
            assert_eq!(answer.code, Some(2), "{option} {value}: {answer:?}");
            let expected = format!("error: {option}: must be");
            assert!(answer.err.starts_with(&expected), "{answer:?}");
        }
    }
    let answer = home.run(&["messages", "list", "--limit", "9223372036854775808"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

#[test]
fn lists_are_tables_with_the_newest_message_first() {
    let home = sample();
    let text = home.run_ok(&["messages", "list"]);
    let expected = "
ID  Time (UTC)        From       Message
─────────────────────────────────────────────────────
 4  2024-05-06 10:00  openai     Last one
    10 tokens         m-1        ↳ Done.
 3  2024-05-02 10:00  openai     Grüße aus Köln 👋🏽
    10 tokens         m-1        ↳ Hallo!
 2  2024-05-02 10:00  anthropic  Is 100% enough?
    10 tokens         m-1        ↳ Yes.
 1  2024-05-01 10:00  openai     What is WAL?
    10 tokens         m-1        ↳ A write-ahead log.
";
    assert_eq!(text, expected.trim_start(), "\n{text}");
}

#[test]
fn list_and_count_apply_the_same_filters() {
    let home = sample();
    let cases: &[(&[&str], &[i64])] = &[
        (&["--provider", "openai"], &[4, 3, 1]),
        (&["--since", "2024-05-02", "--until", "2024-05-02"], &[3, 2]),
        (&["--until", "2024-05-02T09:59:59Z"], &[1]),
        (&["--metadata", "rating=5", "--metadata", "user=u-5"], &[3, 1]),
        (&["--model", "other"], &[]),
        (&["--since", "7d"], &[]),
    ];
    for (filter, expected) in cases {
        let list = home.run_json(&[&["messages", "list"], *filter].concat());
        let ids: Vec<_> = list
            .as_array()
            .expect("an array")
            .iter()
            .map(|row| row["id"].as_i64().expect("an id"))
            .collect();
        assert_eq!(ids, *expected, "{filter:?}");
        assert_eq!(
            home.run_json(&[&["messages", "count"], *filter].concat()),
            json!({ "count": expected.len() })
        );
    }
}

#[test]
fn cursors_continue_after_the_last_page() {
    let home = sample();
    let first = home.run(&["messages", "list", "--limit", "3"]);
    let cursor =
        first.err.trim().strip_prefix("next page: --cursor ").expect("a cursor").to_owned();
    let second = home.run(&["messages", "list", "--limit", "3", "--cursor", &cursor]);
    assert!(second.out.contains("What is WAL?") && !second.out.contains("Last one"), "{second:?}");
    assert_eq!(second.err, "");

    let page = home.run(&["messages", "list", "--limit", "3", "--json"]);
    let next: serde_json::Value = serde_json::from_str(&page.err).expect("JSON on standard error");
    assert_eq!(next, json!({ "next_cursor": cursor }));
    let answer = home.run(&["messages", "list", "--cursor", "nonsense"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let answer = home.run(&["messages", "list", "--cursor", &cursor, "--offset", "1", "--json"]);
    assert_eq!(
        (answer.code, &answer.error()["field"]),
        (Some(2), &json!("--cursor")),
        "{answer:?}"
    );
}

#[test]
fn empty_results_are_not_failures() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["messages", "list"][..], "no messages\n"),
        (&["messages", "search", "x"], "no message contains \"x\"\n"),
        (&["messages", "stats"], "no messages\n"),
        (&["messages", "export"], "no messages\n"),
        (&["tokens", "list"], "no tokens\n"),
    ] {
        let answer = home.run(arguments);
        assert_eq!(
            (answer.code, answer.out.as_str(), answer.err.as_str()),
            (Some(0), "", expected),
            "{arguments:?}"
        );
        let quiet = home.run(&[arguments, &["--quiet"]].concat());
        assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert_eq!(home.run_json(&["messages", "list"]), json!([]));
    assert_eq!(home.run_json(&["tokens", "list"]), json!([]));
}

#[test]
fn search_treats_wildcards_as_plain_characters() {
    let home = sample();
    for (query, ids) in
        [("100%", vec![2]), ("%", vec![2]), ("_", vec![]), ("köln", vec![3]), ("👋🏽", vec![3])]
    {
        let found = home.run_json(&["messages", "search", query]);
        let found: Vec<_> = found
            .as_array()
            .expect("an array")
            .iter()
            .map(|row| row["id"].as_i64().expect("an id"))
            .collect();
        assert_eq!(found, ids, "{query}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(home.run(&["messages", "search", &long]).code, Some(2));
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
