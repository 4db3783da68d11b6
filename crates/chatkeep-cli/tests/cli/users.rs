//! Tests of `users` and `sessions`.

use serde_json::json;

use crate::command::Home;

#[test]
fn users_are_created_listed_and_found_by_any_name() {
    let home = Home::new();
    assert_eq!(home.run(&["users", "list"]).err, "no users\n");
    let id = home.run_ok(&["users", "create", "--email", "Ada@Example.org", "--name", "王小明"]);
    let id = id.trim_end();
    home.run_ok(&["users", "create", "--username", "bob", "--id", "u-2", "--role", "admin"]);
    let text = home.run_ok(&["users", "list"]);
    assert!(text.contains("Ada@Example.org") && text.contains("王小明"), "{text}");
    assert!(text.contains("u-2") && text.contains("bob"), "{text}");
    for name in [id, "ada@example.ORG"] {
        let shown = home.run_ok(&["users", "show", name]);
        assert!(shown.contains(id) && shown.contains("not confirmed"), "{shown}");
    }
    let bob = home.run_json(&["users", "show", "bob"]);
    assert_eq!((&bob["public_id"], &bob["has_password"]), (&json!("u-2"), &json!(false)));
    assert_eq!(bob["roles"][0]["role"], "admin");
    let admins = home.run_json(&["users", "list", "--role", "admin"]);
    assert_eq!(admins["users"].as_array().map(Vec::len), Some(1));
    let page = home.run(&["users", "list", "--limit", "1"]);
    assert!(page.err.contains("next page: --cursor "), "{page:?}");
}

#[test]
fn unknown_users_and_taken_addresses_are_errors() {
    let home = Home::new();
    home.run_ok(&["users", "create", "--email", "ada@example.org"]);
    let answer = home.run(&["users", "show", "eve@example.org"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: USER: user \"eve@example.org\" not found\n")
    );
    let answer = home.run(&["users", "create", "--email", "ADA@example.org", "--json"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        (&answer.error()["kind"], &answer.error()["field"]),
        (&json!("Conflict"), &json!("--email"))
    );
    let answer = home.run(&["users", "create"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.starts_with("error: --email: is required"), "{answer:?}");
}

#[test]
fn passwords_are_read_from_standard_input_only() {
    let home = Home::new();
    let answer =
        home.run_on("hush-hush\n", &["users", "create", "--username", "ada", "--password"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(home.run_ok(&["users", "show", "ada"]).contains("Password  set\n"));
    let answer = home.run_on("new secret", &["users", "set-password", "ada"]);
    assert!(answer.out.starts_with("set the password and ended all sessions: ada ("), "{answer:?}");
    let check = |password: &str| {
        let input = json!({ "login": "ada", "password": password }).to_string();
        home.run_on(input, &["call", "users.authenticate", "--input", "-"]).out
    };
    assert_eq!(check("hush-hush"), "null\n");
    assert!(check("new secret").contains("\"username\": \"ada\""));
    for (input, text) in [
        ("", "error: must have 1 to 1024 bytes of UTF-8, not 0\n"),
        ("two\nlines\n", "error: the password on standard input has more than one line\n"),
    ] {
        let answer = home.run_on(input, &["users", "set-password", "ada"]);
        assert_eq!((answer.code, answer.err.as_str()), (Some(2), text), "{input:?}");
    }
    let answer = home.run_on("", &["users", "create", "--username", "eve", "--password"]);
    assert!(answer.err.starts_with("error: --password: must have "), "{answer:?}");
    assert_eq!(home.run(&["users", "set-password", "ada", "argument"]).code, Some(2));
}

#[test]
fn states_roles_and_deletion_of_users() {
    let home = Home::new();
    home.run_ok(&["users", "create", "--username", "ada", "--id", "u-1"]);
    assert_eq!(home.run_ok(&["users", "deactivate", "ada"]), "deactivated: ada (u-1)\n");
    assert!(home.run_ok(&["users", "list", "--inactive"]).contains("ada inactive"));
    assert_eq!(home.run_ok(&["users", "activate", "u-1"]), "activated: ada (u-1)\n");
    assert_eq!(home.run(&["users", "roles", "ada"]).err, "no roles\n");
    let text =
        home.run_ok(&["users", "roles", "ada", "--grant", "beta", "--expires", "2999-01-01"]);
    assert_eq!(text, "beta until 2999-01-01 00:00\n");
    assert_eq!(home.run(&["users", "roles", "ada", "--revoke", "admin"]).code, Some(1));
    assert_eq!(home.run_json(&["users", "roles", "ada", "--revoke", "beta"]), json!([]));

    let answer = home.run(&["users", "delete", "ada"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("pass --yes"), "{answer:?}");
    let create = ["call", "conversations.create_conversation", "user_id=u-1", "public_id=c-1"];
    home.run_ok(&create);
    let answer = home.run(&["users", "delete", "ada", "--yes"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("hint: delete the conversations first"), "{answer:?}");
    home.run_ok(&["conversations", "delete", "c-1", "--yes"]);
    assert_eq!(home.run_ok(&["users", "delete", "ada", "--yes"]), "deleted: ada (u-1)\n");
    assert_eq!(home.run_json(&["users", "list"])["users"], json!([]));
}

#[test]
fn sessions_are_listed_ended_and_pruned() {
    let home = Home::new();
    home.run_ok(&["users", "create", "--username", "ada", "--id", "u-1"]);
    let create = |label: &str| {
        let label = format!("label={label}");
        let created = home.run_ok(&["call", "sessions.create_session", "user_id=u-1", &label]);
        let created: serde_json::Value = serde_json::from_str(&created).expect("JSON");
        created["session"]["id"].as_str().expect("an id").to_owned()
    };
    assert_eq!(home.run(&["sessions", "list", "ada"]).err, "no active sessions\n");
    let (first, second, _third) = (create("phone"), create("laptop"), create("tablet"));
    let text = home.run_ok(&["sessions", "list", "ada"]);
    assert!(text.contains(&first) && text.contains("phone") && text.contains("active"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(home.run_ok(&["sessions", "end", &first]), format!("ended session {first}\n"));
    let answer = home.run(&["sessions", "end", &first]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        home.run_ok(&["sessions", "end-all", "ada", "--except", &second]),
        "ended 1 session\n"
    );
    let all = home.run_ok(&["sessions", "list", "ada", "--all"]);
    assert!(all.contains("revoked") && all.contains("revoked_all"), "{all}");
    let text = home.run_ok(&["sessions", "prune"]);
    assert_eq!(text, "deleted 0 sessions that ended more than 30 days ago\n");
    assert_eq!(home.run(&["sessions", "prune", "--older-than", "0"]).code, Some(2));
}
