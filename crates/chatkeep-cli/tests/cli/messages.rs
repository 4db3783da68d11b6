//! `messages log`, `list`, `get`, `search`, `count`, `stats`, `prune`.

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::json;

use crate::command::Home;

/// Four messages over three days.
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
        home.do_it(&arguments);
    };
    log("What is WAL?", "A write-ahead log.", "openai", "01", 5);
    log("Is 100% enough?", "Yes.", "anthropic", "02", 3);
    log("Grüße aus Köln 👋🏽", "Hallo!", "openai", "02", 5);
    log("Last one", "Done.", "openai", "06", 1);
    home
}

#[test]
fn log_prints_the_id_and_get_shows_the_message_whole() {
    let home = Home::new();
    let id = home.do_it(&[
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
    let text = home.do_it(&["messages", "get", "1"]);
    assert!(text.contains("Provider  openai\n") && text.contains("Tokens    1,234\n"), "{text}");
    assert!(text.ends_with("\nMessage\none\ntwo\n\nResponse\nthree\n"), "{text}");
    assert_eq!(home.ask(&["messages", "log", "again"]), json!({ "id": 2 }));
}

#[test]
fn a_message_is_one_json_object_with_all_its_keys() {
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
    });
    assert_eq!(home.ask(&["messages", "get", "1"]), expected);
    assert_eq!(home.ask(&["messages", "search", "write-AHEAD"]), json!([expected]));
}

#[test]
fn a_message_that_is_not_there_is_said_so() {
    let home = Home::new();
    let answer = home.run(&["messages", "get", "999"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: ID: there is no message 999\n")
    );
    let answer = home.run(&["messages", "get", "999", "--json"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        answer.error(),
        json!({ "kind": "NotFound", "field": "ID", "message": "there is no message 999", "retryable": false })
    );
}

#[test]
fn text_comes_from_standard_input_without_its_last_line_break() {
    let home = Home::new();
    assert_eq!(home.run_on("one\ntwo\n\n", &["messages", "log", "-"]).code, Some(0));
    assert_eq!(home.ask(&["messages", "get", "1"])["user_message"], "one\ntwo\n");
    let answer = home.run_on(b"caf\xe9\n", &["messages", "log", "-"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.starts_with("error: TEXT: must be UTF-8"), "{}", answer.err);
    assert_eq!(home.count(), 1);
}

#[test]
fn what_cannot_be_stored_is_refused_with_its_field() {
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
fn a_time_with_a_zone_but_no_offset_is_refused_by_its_argument() {
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
    home.do_it(&[
        "messages",
        "log",
        "text",
        "--timestamp",
        "2023-11-14T22:13:20-05:00[America/New_York]",
    ]);
    assert_eq!(
        home.ask(&["messages", "get", "1"])["timestamp"],
        "2023-11-15T03:13:20.000000+00:00"
    );
}

#[test]
fn a_span_that_ends_before_it_starts_is_refused_by_its_argument() {
    let home = Home::new();
    let span = ["messages", "stats", "--since", "2024-02-01", "--until", "2024-01-01", "--json"];
    let answer = home.run(&span);
    assert_eq!((answer.code, &answer.error()["field"]), (Some(2), &json!("--since")), "{answer:?}");
}

#[test]
fn the_errors_of_an_import_name_the_keys_of_the_file() {
    let home = Home::new();
    let answer = home.run_on("{\"user_message\": 5}\n", &["messages", "import", "-", "--json"]);
    assert_eq!(answer.error()["field"], "user_message", "{answer:?}");
}

#[test]
fn limits_and_offsets_out_of_range_are_refused() {
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
fn a_list_is_a_table_with_the_newest_first() {
    let home = sample();
    let text = home.do_it(&["messages", "list"]);
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
fn filters_choose_the_same_messages_for_list_and_count() {
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
        let list = home.ask(&[&["messages", "list"], *filter].concat());
        let ids: Vec<_> = list
            .as_array()
            .expect("an array")
            .iter()
            .map(|row| row["id"].as_i64().expect("an id"))
            .collect();
        assert_eq!(ids, *expected, "{filter:?}");
        assert_eq!(
            home.ask(&[&["messages", "count"], *filter].concat()),
            json!({ "count": expected.len() })
        );
    }
}

#[test]
fn a_cursor_leads_through_all_pages() {
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
fn nothing_found_is_said_in_words_and_is_no_failure() {
    let home = Home::new();
    for (arguments, words) in [
        (&["messages", "list"][..], "no messages\n"),
        (&["messages", "search", "x"], "no message holds \"x\"\n"),
        (&["messages", "stats"], "no messages\n"),
        (&["messages", "export"], "no messages\n"),
        (&["tokens", "list"], "no tokens\n"),
    ] {
        let answer = home.run(arguments);
        assert_eq!(
            (answer.code, answer.out.as_str(), answer.err.as_str()),
            (Some(0), "", words),
            "{arguments:?}"
        );
        let quiet = home.run(&[arguments, &["--quiet"]].concat());
        assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert_eq!(home.ask(&["messages", "list"]), json!([]));
    assert_eq!(home.ask(&["tokens", "list"]), json!([]));
}

#[test]
fn search_takes_signs_as_they_are() {
    let home = sample();
    for (query, ids) in
        [("100%", vec![2]), ("%", vec![2]), ("_", vec![]), ("köln", vec![3]), ("👋🏽", vec![3])]
    {
        let found = home.ask(&["messages", "search", query]);
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
    let text = home.do_it(&["messages", "stats"]);
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

    let json = home.ask(&["messages", "stats", "--until", "2024-05-02"]);
    let expected = json!({
        "total_messages": 3,
        "total_tokens": 30,
        "average_tokens": 10.0,
        "providers": { "anthropic": 1, "openai": 2 },
        "models": { "m-1": 3 },
        "by_date": { "2024-05-01": 1, "2024-05-02": 2 },
    });
    assert_eq!(json, expected);
}

#[test]
fn prune_counts_first_asks_and_deletes_only_what_is_old() {
    let home = sample();
    home.do_it(&["messages", "log", "new"]);
    let dry = home.do_it(&["messages", "prune", "--older-than", "12w", "--dry-run"]);
    assert_eq!(dry, "would delete 4 messages older than 84 days\n");
    let answer = home.run(&["messages", "prune", "--older-than", "30d"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("--yes"), "{}", answer.err);
    assert_eq!(home.count(), 5);
    assert_eq!(
        home.ask(&["messages", "prune", "--older-than", "30", "--yes"]),
        json!({ "deleted": 4, "older_than_days": 30 })
    );
    assert_eq!(home.count(), 1);
}

#[test]
fn prune_refuses_an_age_that_cannot_be_and_deletes_nothing() {
    let home = sample();
    for age in ["0", "-1", "99999999999", "soon", "9223372036854775807w"] {
        let answer = home.run(&["messages", "prune", "--older-than", age, "--yes"]);
        assert_eq!(answer.code, Some(2), "{age}: {answer:?}");
    }
    assert_eq!(home.count(), 4);
}

#[test]
fn kept_totals_are_checked_and_mended() {
    let database = TestDatabase::create(Engine::Sqlite);
    let home = Home::at(database.url());
    let log = |time: &str| {
        home.do_it(&[
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
    let rebuilt = home.do_it(&["messages", "stats", "--rebuild"]);
    assert_eq!(rebuilt, "the totals of 3 messages are right\n");
    log("2024-05-07");
    let right = home.ask(&["messages", "stats", "--check"]);
    assert_eq!(right, json!({ "counted": 3, "uncounted": 1, "differences": [] }));
    database.execute("DELETE FROM messages WHERE timestamp LIKE '2024-05-06 01%'");
    let wrong = home.run(&["messages", "stats", "--check"]);
    assert_eq!(
        (wrong.code, wrong.out.as_str()),
        (
            Some(1),
            "30 days from 2024-05-02T00:00, openai, unknown: kept are 3 messages with 30 tokens, found 2 messages with 20 tokens\n\
             day from 2024-05-06T00:00, openai, unknown: kept are 2 messages with 20 tokens, found 1 message with 10 tokens\n\
             hour from 2024-05-06T01:00, openai, unknown: kept are 1 message with 10 tokens, found 0 messages with 0 tokens\n\
             the totals of 2 messages are wrong; --rebuild mends them (1 message not counted yet)\n"
        )
    );
    let rebuilt = home.do_it(&["messages", "stats", "--rebuild"]);
    assert_eq!(rebuilt, "the totals of 3 messages are right\n");
    home.do_it(&["messages", "stats", "--check"]);
}
