//! Tests of `providers` and `models`.

use serde_json::json;

use crate::command::Home;

#[test]
fn providers_are_added_changed_listed_and_deleted() {
    let home = Home::new();
    assert_eq!(home.run(&["providers", "list"]).err, "no providers\n");
    assert_eq!(home.run_ok(&["providers", "add", "openai"]), "added provider openai\n");
    let added = home.run_json(&[
        "providers",
        "add",
        "local",
        "--kind=ollama",
        "--base-url=http://localhost:11434",
        "--priority=-5",
        "--capability=vision",
        "--capability=chat",
        "--config={\"timeout\": 30}",
        "--disabled",
        "--id=p-1",
    ]);
    assert_eq!((&added["public_id"], &added["kind"]), (&json!("p-1"), &json!("ollama")));
    assert_eq!((&added["enabled"], &added["weight"]), (&json!(false), &json!(1)));
    assert_eq!(added["capabilities"], json!(["chat", "vision"]));
    let text = home.run_ok(&["providers", "list"]);
    assert!(text.contains("local disabled") && text.contains("http://localhost:11434"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let enabled = home.run_json(&["providers", "list", "--enabled"]);
    assert_eq!(
        (enabled.as_array().map(Vec::len), &enabled[0]["kind"]),
        (Some(1), &json!("openai"))
    );
    let page = home.run(&["providers", "list", "--limit=1"]);
    assert!(page.err.contains("next page: --after local"), "{page:?}");
    let page = home.run_json(&["providers", "list", "--after", "local"]);
    assert_eq!(page[0]["name"], "openai");

    let set = ["providers", "set", "local", "--enable", "--base-url=", "--capability="];
    assert_eq!(home.run_ok(&set), "provider local has version 2\n");
    let shown = home.run_json(&["providers", "show", "local"]);
    let provider = &shown["provider"];
    assert_eq!((&provider["base_url"], &provider["capabilities"]), (&json!(null), &json!([])));
    assert_eq!((&provider["enabled"], &shown["models"]), (&json!(true), &json!([])));
    let text = home.run_ok(&["providers", "show", "local"]);
    assert!(text.contains("{\"timeout\":30}") && !text.contains("Rate limits"), "{text}");

    let answer = home.run(&["providers", "delete", "local"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("pass --yes"), "{answer:?}");
    assert_eq!(home.run_ok(&["providers", "delete", "local", "--yes"]), "deleted provider local\n");
    let answer = home.run(&["providers", "delete", "local", "--yes"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: NAME: provider \"local\" not found\n")
    );
}

#[test]
fn errors_of_providers_name_the_option() {
    let home = Home::new();
    home.run_ok(&["providers", "add", "openai"]);
    for (arguments, code, field) in [
        (&["providers", "add", "openai"][..], 1, "NAME"),
        (&["providers", "add", "OpenAI"], 2, "NAME"),
        (&["providers", "add", "a", "--kind", ""], 2, "--kind"),
        (&["providers", "add", "a", "--base-url", "a.example"], 2, "--base-url"),
        (&["providers", "add", "a", "--priority", "1000001"], 2, "--priority"),
        (&["providers", "add", "a", "--weight", "-1"], 2, "--weight"),
        (&["providers", "add", "a", "--capability", "A"], 2, "--capability"),
        (&["providers", "add", "a", "--rate-limits", "[1]"], 2, "--rate-limits"),
        (&["providers", "add", "a", "--config", "{"], 2, "--config"),
        (&["providers", "add", "a", "--config", "{\"api_key\":\"hunter2\"}"], 2, "--config"),
        (&["providers", "add", "a", "--id", "a b"], 2, "--id"),
        (&["providers", "set", "openai", "--expected-version", "7"], 1, "--expected-version"),
        (&["providers", "set", "missing", "--enable"], 1, "NAME"),
        (&["providers", "show", "missing"], 1, "NAME"),
        (&["providers", "list", "--limit", "0"], 2, "--limit"),
        (&["providers", "default", "chat", "missing", "m"], 2, "PROVIDER"),
        (&["providers", "default", "chat", "openai", "m"], 2, "MODEL"),
        (&["providers", "default", "chat"], 1, "PURPOSE"),
        (&["providers", "default", "chat", "--remove"], 1, "PURPOSE"),
        (&["models", "list", "missing"], 2, "PROVIDER"),
        (&["models", "show", "openai", "m"], 1, "MODEL"),
        (&["models", "set", "missing", "m"], 2, "PROVIDER"),
        (&["models", "set", "openai", "a b"], 2, "MODEL"),
        (&["models", "set", "openai", "m", "--context-window", "0"], 2, "--context-window"),
        (&["models", "set", "openai", "m", "--input-price", "-1"], 2, "--input-price"),
        (&["models", "set", "openai", "m", "--output-price", "1e3"], 2, "--output-price"),
        (&["models", "set", "openai", "m", "--params", "null"], 2, "--params"),
        (&["models", "delete", "openai", "m", "--yes"], 1, "MODEL"),
    ] {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {answer:?}");
        assert!(answer.err.starts_with(&format!("error: {field}: ")), "{answer:?}");
        assert!(!answer.err.contains("hunter2"), "{answer:?}");
    }
    for arguments in [
        &["providers", "default", "chat", "openai"][..],
        &["providers", "default", "--remove"],
        &["providers", "default", "chat", "openai", "m", "--remove"],
        &["providers", "set", "openai", "--enable", "--disable"],
        &["models", "set", "openai"],
    ] {
        assert_eq!(home.run(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn models_keep_values_that_are_not_given() {
    let home = Home::new();
    home.run_ok(&["providers", "add", "openai"]);
    assert_eq!(home.run(&["models", "list", "openai"]).err, "no models\n");
    let set = |options: &[&str]| {
        let command = ["models", "set", "openai", "gpt-4o"];
        home.run_json(&[&command[..], options].concat())
    };
    let first = set(&[
        "--display-name=GPT-4o",
        "--context-window=128000",
        "--input-price=2.50",
        "--output-price=10",
        "--capability=vision",
        "--params={\"temperature\": 0.5}",
    ]);
    assert_eq!((&first["input_price"], &first["enabled"]), (&json!("2.5"), &json!(true)));
    let second = set(&["--disable", "--input-price=", "--cached-input-price=1.25"]);
    assert_eq!((&second["input_price"], &second["output_price"]), (&json!(null), &json!("10")));
    assert_eq!((&second["enabled"], &second["context_window"]), (&json!(false), &json!(128_000)));
    assert_eq!(
        (&second["capabilities"], &second["params"]),
        (&first["capabilities"], &first["params"])
    );
    assert_eq!(second["created_at"], first["created_at"]);
    let text = home.run_ok(&["models", "list", "openai"]);
    assert!(text.contains("gpt-4o disabled") && text.contains("128,000"), "{text}");
    assert_eq!(home.run_json(&["models", "list", "openai", "--enabled"]), json!([]));
    let text = home.run_ok(&["models", "show", "openai", "gpt-4o"]);
    assert!(text.contains("$1.25 per million tokens"), "{text}");
    assert!(home.run_ok(&["providers", "show", "openai"]).contains("gpt-4o disabled"));
    assert_eq!(home.run(&["models", "delete", "openai", "gpt-4o"]).code, Some(2));
    let text = home.run_ok(&["models", "delete", "openai", "gpt-4o", "--yes"]);
    assert_eq!(text, "deleted model gpt-4o of openai\n");
}

#[test]
fn default_models_are_set_shown_and_removed() {
    let home = Home::new();
    assert_eq!(home.run(&["providers", "default"]).err, "no default models\n");
    home.run_ok(&["providers", "add", "openai"]);
    home.run_ok(&["models", "set", "openai", "gpt-4o"]);
    let text = home.run_ok(&["providers", "default", "chat", "openai", "gpt-4o"]);
    assert_eq!(text, "the default for chat is openai gpt-4o\n");
    assert_eq!(home.run_ok(&["providers", "default", "chat"]), "openai gpt-4o\n");
    let listed = home.run_json(&["providers", "default"]);
    assert_eq!((&listed[0]["purpose"], &listed[0]["model"]), (&json!("chat"), &json!("gpt-4o")));
    assert!(home.run_ok(&["providers", "default"]).contains("gpt-4o"));
    let text = home.run_ok(&["providers", "default", "chat", "--remove"]);
    assert_eq!(text, "removed the default for chat\n");
    assert_eq!(home.run_json(&["providers", "default"]), json!([]));
}
