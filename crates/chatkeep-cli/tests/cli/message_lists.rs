//! Tests of `messages list`, `search` and `count`.

use serde_json::json;

use crate::command::Home;
use crate::messages::sample;

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
