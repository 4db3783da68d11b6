//! Tests of `routing health`, `usage`, `requests` and `prune`.

use serde_json::json;

use crate::command::Home;

fn record(home: &Home, arguments: &[&str]) {
    home.run_ok(&[&["call", "routing.record_request"], arguments].concat());
}

/// Records four requests of today and one of 2024.
fn fill(home: &Home) {
    for (id, arguments) in [
        ("r-1", &["provider=openai", "model=gpt", "outcome=failure", "error_kind=rate_limit"][..]),
        (
            "r-1",
            &["provider=local", "model=llama", "outcome=success", "attempt=2", "latency_ms=900"],
        ),
        ("r-2", &["provider=openai", "model=gpt", "outcome=success", "latency_ms=70000"]),
        ("r-3", &["provider=openai", "model=gpt", "outcome=cancelled", "input_tokens=1200"]),
        (
            "old",
            &[
                "provider=openai",
                "model=gpt",
                "outcome=success",
                "cost=0.5",
                "created_at=2024-02-29T12:00:00Z",
            ],
        ),
    ] {
        let id = format!("request_id={id}");
        record(home, &[&[id.as_str()], arguments].concat());
    }
}

#[test]
fn health_has_failures_as_percentages_and_bars() {
    let home = Home::new();
    assert_eq!(home.run(&["routing", "health"]).err, "no requests in the last 5 minutes\n");
    fill(&home);
    let table = home.run_ok(&["routing", "health"]);
    let rows: Vec<Vec<&str>> =
        table.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["local/llama", "1", "0.0"], "{table}");
    assert!(table.lines().nth(2).is_some_and(|line| line.contains("< 1.0 s")), "{table}");
    assert_eq!(rows[1][..3], ["openai/gpt", "3", "50.0"], "{table}");
    let openai = table.lines().nth(3).expect("a row");
    assert!(openai.contains("█████") && openai.contains("> 60 s"), "{table}");
    let json = home.run_json(&["routing", "health", "--minutes", "60"]);
    assert_eq!(json[1]["failures_per_thousand"], json!(500));
    assert_eq!(json[1]["models"][0]["requests"], json!(3));
    let wrong = home.run(&["routing", "health", "--minutes", "0", "--json"]);
    assert_eq!((wrong.code, &wrong.error()["field"]), (Some(2), &json!("--minutes")));
}

#[test]
fn usage_has_a_row_for_each_key() {
    let home = Home::new();
    assert_eq!(home.run(&["routing", "usage"]).err, "no requests\n");
    fill(&home);
    let table = home.run_ok(&["routing", "usage"]);
    let first: Vec<&str> = table.lines().nth(2).expect("a row").split_whitespace().collect();
    assert_eq!(first[..2], ["openai/gpt", "3"], "{table}");
    assert!(table.contains("██████████") && table.contains("1,200"), "{table}");
    let days = home.run_json(&["routing", "usage", "--by", "day", "--until", "2024-02-29"]);
    assert_eq!(days.as_array().map(Vec::len), Some(1));
    assert_eq!((&days[0]["requests"], &days[0]["cost"]), (&json!(1), &json!("0.5")));
    let day = home.run_ok(&["routing", "usage", "--by", "day", "--until", "2024-02-29"]);
    assert!(day.contains("2024-02-29") && day.contains("$0.5"), "{day}");
    for by in ["provider", "hour", "user"] {
        assert!(home.run_ok(&["routing", "usage", "--by", by]).lines().count() > 2, "{by}");
    }
    for (arguments, field) in [
        (&["--limit", "0"][..], "--limit"),
        (&["--since", "2024-02-01", "--until", "2024-01-01"], "--until"),
        (&["--user", "none"], "--user"),
    ] {
        let wrong = home.run(&[&["routing", "usage", "--json"], arguments].concat());
        assert_eq!(wrong.error()["field"], field, "{arguments:?}");
    }
}

#[test]
fn requests_are_listed_filtered_and_pruned() {
    let home = Home::new();
    fill(&home);
    let table = home.run_ok(&["routing", "requests"]);
    assert_eq!(table.lines().count(), 7, "{table}");
    assert!(table.lines().nth(2).is_some_and(|line| line.contains("r-3")), "{table}");
    assert!(table.contains("rate_limit"), "{table}");
    let attempts = home.run_json(&["routing", "requests", "--request-id", "r-1"]);
    assert_eq!(attempts.as_array().map(Vec::len), Some(2));
    assert_eq!(attempts[1]["provider"], json!("local"));
    let failed =
        home.run_json(&["routing", "requests", "--outcome", "failure", "--provider", "openai"]);
    assert_eq!(failed["requests"].as_array().map(Vec::len), Some(1));
    let page = home.run_json(&["routing", "requests", "--limit", "1"]);
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    let next = home.run_json(&["routing", "requests", "--limit", "1", "--cursor", cursor]);
    assert_eq!(next["requests"][0]["request_id"], json!("r-2"));
    let both = home.run(&["routing", "requests", "--request-id", "r-1", "--model", "gpt"]);
    assert_eq!(both.code, Some(2), "{both:?}");

    let pruned = home.run_ok(&["routing", "prune"]);
    assert_eq!(pruned, "deleted 1 request of more than 30 days ago\n");
    let json = home.run_json(&["routing", "prune", "--older-than", "1w"]);
    assert_eq!(json, json!({ "deleted": 0, "older_than_days": 7 }));
    let usage = home.run_json(&["routing", "usage", "--by", "day", "--until", "2024-02-29"]);
    assert_eq!(usage[0]["requests"], json!(1), "usage by day stays");
}
