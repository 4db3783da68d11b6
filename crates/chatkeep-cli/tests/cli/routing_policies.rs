//! Tests of `routing policies` and `routing choose`.

use serde_json::json;

use crate::command::Home;

const POLICIES: [&str; 2] = ["routing", "policies"];

fn with_two_providers() -> Home {
    let home = Home::new();
    for (name, priority) in [("openai", "--priority=10"), ("local", "--priority=0")] {
        home.run_ok(&["providers", "add", name, priority]);
        let model = format!("{name}-large");
        home.run_ok(&["models", "set", name, &model, "--capability=chat"]);
    }
    home
}

#[test]
fn policies_are_set_listed_and_deleted() {
    let home = with_two_providers();
    let run = |arguments: &[&str]| home.run_ok(&[&POLICIES[..], arguments].concat());
    assert_eq!(home.run(&["routing", "policies", "list"]).err, "no policies\n");
    assert_eq!(
        run(&["set", "breaker", "--kind=circuit-breaker"]),
        "policy breaker has version 1\n"
    );
    let config = "--config={\"failure_percent\": 30}";
    assert_eq!(run(&["set", "breaker", config]), "policy breaker has version 2\n");
    assert_eq!(run(&["set", "breaker", "--disable"]), "policy breaker has version 3\n");
    let set = home.run_json(&[
        "routing",
        "policies",
        "set",
        "backup",
        "--provider=openai",
        "--kind=fallback",
        "--config={\"providers\": [\"local\"]}",
        "--expected-version=0",
    ]);
    assert_eq!((&set["kind"], &set["version"]), (&json!("fallback"), &json!(1)));
    let text = run(&["list"]);
    assert!(text.contains("breaker") && text.contains("disabled"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let listed = home.run_json(&["routing", "policies", "list", "--provider=openai"]);
    assert_eq!(listed["policies"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["policies"][0]["config"], json!({ "providers": ["local"] }));
    let page = home.run(&["routing", "policies", "list", "--limit=1"]);
    assert!(page.err.contains("next page: --cursor "), "{page:?}");
    let found = home.run_json(&["routing", "policies", "list"]);
    assert_eq!(found["policies"][1]["config"]["failure_percent"], 30);

    let answer = home.run(&["routing", "policies", "delete", "breaker"]);
    assert!(answer.err.contains("pass --yes"), "{answer:?}");
    assert_eq!(run(&["delete", "breaker", "--yes"]), "deleted policy breaker\n");
    let answer = home.run(&["routing", "policies", "delete", "breaker", "--yes"]);
    assert_eq!(
        (answer.code, answer.err.as_str()),
        (Some(1), "error: NAME: policy \"breaker\" not found\n")
    );
}

#[test]
fn a_choice_shows_candidates_and_rejected_models_with_reasons() {
    let home = with_two_providers();
    let text = home.run_ok(&["routing", "choose", "--capability=chat"]);
    assert!(text.contains("openai-large") && text.contains("priority 10"), "{text}");
    assert!(text.find("openai-large") < text.find("local-large"), "{text}");
    assert!(!text.contains("Rejected"), "{text}");
    home.run_ok(&["providers", "default", "chat", "local", "local-large"]);
    let choice = home.run_json(&["routing", "choose", "--purpose=chat", "--seed=-1"]);
    assert_eq!(choice["candidates"][0]["model"], "local-large");
    assert_eq!(choice["candidates"][0]["reasons"][0], "the default model for \"chat\"");
    let text = home.run_ok(&["routing", "choose", "--tried=openai/openai-large"]);
    assert!(text.contains("Rejected") && text.contains("was tried in this request"), "{text}");
    let text = home.run_ok(&["routing", "choose", "--capability=vision"]);
    assert!(text.starts_with("no model can be used\n") && text.contains("lacks vision"), "{text}");
    let preferred = ["routing", "choose", "--preferred-provider=local", "--preferred-model=gone"];
    let choice = home.run_json(&preferred);
    assert_eq!(choice["rejected"][0]["reason"], "unknown");
}

#[test]
fn errors_of_policies_and_choices_name_the_option() {
    let home = with_two_providers();
    home.run_ok(&["routing", "policies", "set", "breaker", "--kind=circuit-breaker"]);
    let kind = "--kind=circuit-breaker";
    let percent = "--config={\"failure_percent\": 0}";
    for (arguments, code, field) in [
        (&["policies", "set", "new"][..], 2, "--kind"),
        (&["policies", "set", "", kind], 2, "NAME"),
        (&["policies", "set", "second", kind], 1, "--kind"),
        (&["policies", "set", "breaker", percent], 2, "--config"),
        (&["policies", "set", "breaker", "--config={\"a\": 0}"], 2, "--config"),
        (&["policies", "set", "breaker", "--config=[]"], 2, "--config"),
        (&["policies", "set", "breaker", "--provider=gone", kind], 2, "--provider"),
        (&["policies", "set", "breaker", "--expected-version=7"], 1, "--expected-version"),
        (
            &["policies", "delete", "breaker", "--expected-version=7", "--yes"],
            1,
            "--expected-version",
        ),
        (&["policies", "list", "--limit=0"], 2, "--limit"),
        (&["policies", "list", "--cursor=x"], 2, "--cursor"),
        (&["choose", "--purpose=a b"], 2, "--purpose"),
        (&["choose", "--capability=A"], 2, "--capability"),
        (&["choose", "--min-context-window=0"], 2, "--min-context-window"),
        (&["choose", "--preferred-provider=A"], 2, "--preferred-provider"),
        (&["choose", "--preferred-model=a b"], 2, "--preferred-model"),
        (&["choose", "--tried=A"], 2, "--tried"),
    ] {
        let answer = home.run(&[&["routing"][..], arguments].concat());
        assert_eq!(answer.code, Some(code), "{arguments:?}: {answer:?}");
        assert!(answer.err.starts_with(&format!("error: {field}: ")), "{answer:?}");
    }
    let answer = home.run(&["routing", "policies", "set", "breaker", percent]);
    assert!(
        answer.err.contains("failure_percent must be an integer between 1 and 100"),
        "{answer:?}"
    );
    let both = ["routing", "policies", "set", "breaker", "--enable", "--disable"];
    assert_eq!(home.run(&both).code, Some(2));
}
