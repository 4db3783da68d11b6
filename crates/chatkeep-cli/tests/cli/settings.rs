//! Tests of `settings get`, `list`, `set`, `delete`, `history`, `rollback` and `prune`.

use serde_json::json;

use crate::command::Home;

#[test]
fn settings_are_stored_printed_and_deleted() {
    let home = Home::new();
    assert_eq!(home.run(&["settings", "list"]).err, "no settings\n");
    let answer = home.run(&["settings", "get", "ui.theme"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: KEY: setting \"ui.theme\" not found\n")
    );
    let out = home.run_ok(&["settings", "set", "ui.theme", "dark", "--by", "admin-1"]);
    assert_eq!(out, "ui.theme has version 1\n");
    assert_eq!(home.run_ok(&["settings", "get", "ui.theme"]), "dark\n");
    home.run_ok(&["settings", "set", "limits", r#"{"b": 1, "a": [-2.5, null]}"#]);
    assert_eq!(home.run_ok(&["settings", "get", "limits"]), "{\"a\":[-2.5,null],\"b\":1}\n");
    home.run_ok(&["settings", "set", "limits", "-5"]);
    assert_eq!(home.run_ok(&["settings", "get", "limits"]), "-5\n");
    home.run_ok(&["settings", "set", "version", "1.0", "--text"]);
    assert_eq!(home.run_json(&["settings", "get", "version"])["value"], "1.0");
    home.run_ok(&["settings", "set", "limits", "1", "--scope", "tenant:7"]);
    let list = home.run_ok(&["settings", "list"]);
    assert!(list.contains("ui.theme") && list.contains("\"dark\""), "{list}");
    assert!(list.contains("admin-1") && !list.contains("tenant"), "{list}");
    let all = home.run_json(&["settings", "list"]);
    assert_eq!(all["limits"]["version"], 2);
    assert_eq!(all["ui.theme"]["source"], "database");
    let scopes = home.run_ok(&["settings", "list", "--scopes"]);
    assert_eq!(scopes, "(the whole application)\ntenant:7\n");
    assert_eq!(
        home.run_json(&["settings", "list", "--scopes", "--after", ""]),
        json!(["tenant:7"])
    );
    assert_eq!(home.run_ok(&["settings", "delete", "ui.theme"]), "deleted ui.theme\n");
    assert_eq!(home.run(&["settings", "delete", "ui.theme"]).code, Some(1));
}

#[test]
fn values_are_read_from_standard_input() {
    let home = Home::new();
    let answer = home.run_on("{\"text\":\n\"é\"}\n", &["settings", "set", "motd", "-"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(home.run_ok(&["settings", "get", "motd"]), "{\"text\":\"é\"}\n");
    let answer = home.run_on("two\nlines\n", &["settings", "set", "motd", "-"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(home.run_ok(&["settings", "get", "motd"]), "two\nlines\n");
    let answer = home.run_on("{\"text\":", &["settings", "set", "motd", "-"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.starts_with("error: VALUE: must be valid JSON"), "{answer:?}");
}

#[test]
fn variables_take_precedence() {
    let home = Home::new();
    home.run_ok(&["settings", "set", "ui.theme", "dark"]);
    home.run_ok(&["settings", "set", "limits", "1", "--scope", "tenant:7"]);
    let variables = [
        ("CHATKEEP_SETTING_UI_THEME", "light"),
        ("CHATKEEP_SETTING_TENANT_7__LIMITS", "{\"daily\": 2}"),
        ("CHATKEEP_SETTING_NEW", "true"),
        ("CHATKEEP_SETTING_EMPTY", ""),
    ];
    let get = |arguments: &[&str]| {
        let answer = home.run_with(&[&["settings"], arguments].concat(), &variables);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        (answer.out, answer.err)
    };
    assert_eq!(get(&["get", "ui.theme"]), ("light\n".into(), "from the environment\n".into()));
    assert_eq!(get(&["get", "new", "--quiet"]), ("true\n".into(), String::new()));
    assert_eq!(get(&["get", "limits", "--scope", "tenant:7"]).0, "{\"daily\":2}\n");
    let shown: serde_json::Value =
        serde_json::from_str(&get(&["get", "ui.theme", "--json"]).0).expect("JSON");
    assert_eq!((&shown["source"], &shown["version"]), (&json!("environment"), &json!(1)));
    assert!(shown["updated_at"].is_string());
    let new: serde_json::Value =
        serde_json::from_str(&get(&["get", "new", "--json"]).0).expect("JSON");
    assert_eq!((&new["version"], &new["updated_at"]), (&json!(0), &json!(null)));
    let (list, _) = get(&["list"]);
    assert!(list.contains("\"light\"") && list.contains("from the environment"), "{list}");
    assert!(!list.contains("true"), "{list}");
    let empty = home.run_with(&["settings", "get", "empty"], &variables);
    assert_eq!(empty.code, Some(1), "{empty:?}");
    // The database has its own value.
    assert_eq!(home.run_ok(&["settings", "get", "ui.theme"]), "dark\n");
}

#[test]
fn versions_are_listed_and_rolled_back_to() {
    let home = Home::new();
    for value in ["1", "2"] {
        home.run_ok(&["settings", "set", "a", value, "--by", "ada"]);
    }
    home.run_ok(&["settings", "delete", "a", "--expect-version", "2", "--by", "bob"]);
    let out = home.run_ok(&["settings", "rollback", "a", "1", "--expect-version", "0"]);
    assert_eq!(out, "a has version 4\n");
    let history = home.run_ok(&["settings", "history", "a"]);
    assert!(history.contains("deleted") && history.contains("bob"), "{history}");
    let versions = home.run_json(&["settings", "history", "a", "--limit", "2", "--before", "4"]);
    assert_eq!((&versions[0]["version"], &versions[0]["deleted"]), (&json!(3), &json!(true)));
    assert_eq!(versions[1]["value"], 2);
    let page = home.run(&["settings", "history", "a", "--limit", "1"]);
    assert!(page.err.contains("next page: --before 4"), "{page:?}");
    assert_eq!(home.run(&["settings", "history", "b"]).err, "no versions\n");
    let out = home.run_ok(&["settings", "prune", "--older-than", "52w"]);
    assert_eq!(out, "deleted 0 versions older than 364 days\n");
}

#[test]
fn errors_name_the_arguments() {
    let home = Home::new();
    home.run_ok(&["settings", "set", "a", "1"]);
    let long = "s".repeat(101);
    for (arguments, code, text) in [
        (
            &["set", "smtp.password", "hush-hush"][..],
            2,
            "error: KEY: looks like the name of a secret",
        ),
        (&["set", "a", "[1"], 2, "error: VALUE: must be valid JSON"),
        (&["set", "a", "1", "--scope", &long], 2, "error: --scope: has 101 characters"),
        (&["set", "a", "2", "--expect-version", "3"], 1, "error: --expect-version: is 3, but the"),
        (&["set", "a", "2", "--expect-version", "-1"], 2, "error: --expect-version: must be 0"),
        (&["set", "a", "2", "--by", ""], 2, "error: --by: is empty"),
        (&["delete", "a", "--by", ""], 2, "error: --by: is empty"),
        (&["rollback", "a", "7"], 2, "error: VERSION: version 7 does not exist"),
        (&["history", "a", "--limit", "0"], 2, "error: --limit: must be between"),
        (&["prune", "--older-than", "0"], 2, "error: --older-than: "),
    ] {
        let answer = home.run(&[&["settings"], arguments].concat());
        assert_eq!(answer.code, Some(code), "{arguments:?}: {answer:?}");
        assert!(answer.err.starts_with(text), "{arguments:?}: {answer:?}");
        assert!(!answer.err.contains("hush"), "{answer:?}");
    }
    let answer = home.run(&["settings", "prune"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

#[test]
fn control_characters_are_not_printed() {
    let home = Home::new();
    home.run_ok(&["settings", "set", "a\u{1b}[2J", "b\u{1b}[2J\u{7}", "--by", "c\u{1b}[2J"]);
    for arguments in [&["get", "a\u{1b}[2J"][..], &["list"], &["history", "a\u{1b}[2J"]] {
        let out = home.run_ok(&[&["settings"], arguments].concat());
        assert!(!out.contains(['\u{1b}', '\u{7}']), "{out:?}");
    }
}
