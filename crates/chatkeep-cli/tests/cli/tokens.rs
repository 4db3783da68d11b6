//! Tests of `tokens create`, `list`, `verify`, `revoke` and `prune`.

use serde_json::json;

use crate::command::Home;

/// URL of a port on which no server listens.
const NOWHERE: &str = "postgresql://bot:hush-hush@127.0.0.1:1/chat";

fn create(home: &Home, options: &[&str]) -> String {
    home.run_ok(&[&["tokens", "create"], options].concat()).trim_end().to_owned()
}

#[test]
fn new_tokens_are_printed_alone_on_standard_output() {
    let home = Home::new();
    let answer =
        home.run(&["tokens", "create", "--description", "mobile app", "--expires-days", "90"]);
    assert_eq!(answer.code, Some(0));
    let token = answer.out.strip_suffix('\n').expect("a line");
    assert!(
        token.starts_with("ck_") && token.len() == 52 && !token.contains(char::is_whitespace),
        "{}",
        answer.out
    );
    assert!(answer.err.starts_with("Token 1 (mobile app) expires on "), "{}", answer.err);
    assert!(
        answer.err.contains("shown only once") && !answer.err.contains(token),
        "{}",
        answer.err
    );
    let quiet = home.run(&["tokens", "create", "--quiet"]);
    assert_eq!((quiet.code, quiet.err.as_str(), quiet.out.lines().count()), (Some(0), "", 1));
}

#[test]
fn new_tokens_are_json_objects() {
    let home = Home::new();
    let created = home.run_json(&["tokens", "create", "--description", "mobile app"]);
    let keys: Vec<_> = created.as_object().expect("an object").keys().map(String::as_str).collect();
    for key in ["token", "id", "token_id", "description", "created_at", "expires_at"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    assert_eq!(
        (&created["id"], &created["description"], &created["expires_at"]),
        (&json!(1), &json!("mobile app"), &json!(null))
    );
}

#[test]
fn tokens_are_read_from_standard_input() {
    let home = Home::new();
    let token = create(&home, &["--description", "mobile app"]);
    for input in [token.clone(), format!("{token}\n"), format!("{token}\r\n")] {
        for arguments in [&["tokens", "verify"][..], &["tokens", "verify", "-"]] {
            let answer = home.run_on(&input, arguments);
            assert_eq!(
                (answer.code, answer.out.as_str()),
                (Some(0), "valid: token 1 (mobile app)\n"),
                "{input:?}"
            );
        }
    }
    assert_eq!(home.run(&["tokens", "verify", &token]).code, Some(0));
    let json = home.run_on(&token, &["tokens", "verify", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(
        (&json["valid"], &json["reason"], &json["token"]["id"]),
        (&json!(true), &json!("valid"), &json!(1))
    );
    assert!(!json.to_string().contains(&token));
}

#[test]
fn other_texts_are_invalid_tokens() {
    let home = Home::new();
    let token = create(&home, &[]);
    let cut = &token[..token.len() - 1];
    let inside = format!("{} {}", &token[..20], &token[20..]);
    let long = "x".repeat(1 << 20);
    for input in [
        "",
        "\n",
        cut,
        &inside,
        &token.to_uppercase(),
        &format!("{token}x"),
        &format!("{token}\n\n"),
        &long,
    ] {
        let answer = home.run_on(input, &["tokens", "verify"]);
        assert_eq!(answer.code, Some(1), "{:?}", &input[..input.len().min(80)]);
        assert!(answer.out.starts_with("invalid: "), "{}", answer.out);
        assert_eq!(answer.err, "");
    }
    assert_eq!(home.run_on(b"ck_\xff\xfe", &["tokens", "verify"]).code, Some(1));
}

#[test]
fn unreachable_databases_are_not_invalid_tokens() {
    let home = Home::at(NOWHERE);
    let token = create(&Home::new(), &[]);
    let mut command = home.command(&["tokens", "verify", &token, "--json"]);
    let output = command
        .envs([("DB_MAX_RETRIES", "1"), ("DB_RETRY_DELAY", "0.2")])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(output.stdout, b"");
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(
        (&error["error"]["kind"], &error["error"]["retryable"]),
        (&json!("Unavailable"), &json!(true))
    );
    assert!(!error.to_string().contains("hush-hush"));
}

#[test]
fn only_invalid_tokens_exit_with_1() {
    let home = Home::new();
    let token = create(&home, &[]);
    let code = |url: &str| {
        let answer = home.run(&["--database-url", url, "tokens", "verify", &token]);
        assert_eq!(answer.out, "", "{url}");
        assert!(answer.err.starts_with("error: "), "{url}: {}", answer.err);
        answer.code
    };
    home.write("notes.db", "not a database, although it is long enough to be read as one");
    let at = |name: &str| format!("sqlite:///{}", home.path(name).display());
    assert_eq!(code(&at("notes.db")), Some(5), "a damaged file");
    assert_eq!(code(&at("missing.db?mode=ro")), Some(2), "a file that is not there");
    assert_eq!(code(&at("missing/chat.db")), Some(2), "a folder that is not there");
    assert_eq!(code("postgresql://h/d?unknown=1"), Some(2), "a wrong setting");
    let mut command = home.command(&["tokens", "verify"]);
    let output = command
        .stdin(std::fs::File::open(home.path("")).expect("a folder"))
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(5), "a standard input that cannot be read");
}

#[test]
fn revoked_tokens_are_invalid_and_not_revoked_twice() {
    let home = Home::new();
    let token = create(&home, &[]);
    assert_eq!(home.run_ok(&["tokens", "revoke", "1"]), "revoked token 1\n");
    let answer = home.run_on(&token, &["tokens", "verify"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), "invalid: revoked\n"));
    let answer = home.run(&["tokens", "revoke", "1"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: ID: active token 1 not found\n")
    );
    assert_eq!(home.run(&["tokens", "revoke", "7", "--json"]).error()["kind"], "NotFound");
}

#[test]
fn lists_show_only_the_prefix_of_tokens() {
    let home = Home::new();
    let first = create(&home, &["--description", "mobile app", "--expires-days", "30"]);
    let second = create(
        &home,
        &["--description", "a description that is far too long to be shown at eighty columns"],
    );
    home.run_ok(&["tokens", "revoke", "1"]);
    let text = home.run_ok(&["tokens", "list"]);
    let rows: Vec<&str> = text.lines().skip(2).collect();
    assert!(rows[0].contains("never") && rows[0].ends_with("active"), "{text}");
    assert!(rows[1].contains("mobile app") && rows[1].ends_with("revoked"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains(&first) && !text.contains(&second), "{text}");
    let json = home.run_json(&["tokens", "list"]);
    assert_eq!((&json[0]["id"], &json[1]["is_active"]), (&json!(2), &json!(false)));
    assert!(json[0].get("token_hash").is_none());
}

#[test]
fn expiry_and_description_out_of_range_are_rejected() {
    let home = Home::new();
    for (option, value, field) in [
        ("--expires-days", "0", "--expires-days"),
        ("--expires-days", "-1", "--expires-days"),
        ("--expires-days", "1000000000", "--expires-days"),
        ("--description", &"d".repeat(256), "--description"),
    ] {
        let answer = home.run(&["tokens", "create", option, value, "--json"]);
        assert_eq!(answer.code, Some(2), "{option} {value}: {answer:?}");
        assert_eq!(answer.error()["field"], field, "{answer:?}");
    }
    assert_eq!(home.run_json(&["tokens", "list"]), json!([]));
}

#[test]
fn tokens_have_scopes_and_an_owner() {
    let home = Home::new();
    let user = home.run_ok(&["users", "create", "--email", "ada@example.org"]);
    let scopes = ["--scope", "read", "--scope", "write"];
    create(&home, &[&scopes[..], &["--user", "ada@example.org"]].concat());
    let listed = home.run_json(&["tokens", "list"]);
    assert_eq!(listed[0]["scopes"], json!(["read", "write"]));
    assert_eq!(listed[0]["user_id"], json!(user.trim_end()));
    for (option, value) in [("--scope", "two words"), ("--user", "nobody@example.org")] {
        let answer = home.run(&["tokens", "create", option, value, "--json"]);
        assert_ne!(answer.code, Some(0), "{answer:?}");
        assert_eq!(answer.error()["field"], option, "{answer:?}");
    }
    assert_eq!(home.run_json(&["tokens", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn prune_reports_the_number_of_expired_tokens() {
    let home = Home::new();
    create(&home, &["--expires-days", "1"]);
    assert_eq!(home.run_ok(&["tokens", "prune"]), "deleted 0 expired tokens\n");
    assert_eq!(home.run_json(&["tokens", "prune"]), json!({ "deleted": 0 }));
}
