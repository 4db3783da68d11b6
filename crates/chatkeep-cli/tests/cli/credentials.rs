//! Tests of `credentials`.

use serde_json::{Value, json};

use crate::command::{Answer, Home};

const SECRET: &str = "sk-0123456789abcdef";

/// A folder whose commands have these keys.
struct Keyed {
    home: Home,
    keys: String,
}

impl Keyed {
    /// Generates a key with this id.
    fn new(id: &str) -> Self {
        let home = Home::new();
        let keys = generate(&home, id);
        Self { home, keys }
    }

    fn run_on(&self, input: &str, arguments: &[&str]) -> Answer {
        let mut command = self.home.command(arguments);
        command.env("CHATKEEP_KEYS", &self.keys);
        Home::feed(command, input)
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        self.run_on("", arguments)
    }

    fn run_ok(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        answer.out
    }

    fn run_json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.run_ok(&arguments)).expect("JSON")
    }

    /// Stores a secret, and returns the id.
    fn add(&self, secret: &str, options: &[&str]) -> String {
        let arguments: Vec<_> = ["credentials", "add"].iter().chain(options).copied().collect();
        let answer = self.run_on(secret, &arguments);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer.out.trim_end().to_owned()
    }
}

fn generate(home: &Home, id: &str) -> String {
    let answer = home.run(&["credentials", "generate-key", "--id", id]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.err.starts_with("Save it now"), "{answer:?}");
    answer.out.trim_end().to_owned()
}

#[test]
fn generated_keys_are_random_and_need_no_database() {
    let home = Home::at("postgresql://127.0.0.1:9/none");
    let keys: Vec<_> =
        (0..2).map(|_| home.run_ok(&["credentials", "generate-key", "--quiet"])).collect();
    assert_ne!(keys[0], keys[1]);
    let named = home.run_json(&["credentials", "generate-key", "--id", "2027"]);
    assert_eq!(named["id"], "2027");
    let key = named["key"].as_str().expect("a key");
    assert!(key.starts_with("2027:") && key.len() == 49, "{key}");
    let answer = home.run(&["credentials", "generate-key", "--id", "a b"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.starts_with("error: --id: must have 1 to 64 letters"), "{answer:?}");
}

#[test]
fn secrets_are_stored_listed_and_revealed() {
    let keyed = Keyed::new("2027");
    assert_eq!(keyed.run(&["credentials", "list"]).err, "no credentials\n");
    let home = &keyed.home;
    home.run_ok(&["users", "create", "--email", "ada@example.org", "--id", "u-1"]);
    home.run_ok(&["call", "providers.create_provider", "name=openai", "kind=openai"]);
    let own = ["api_key", "--provider", "openai", "--user", "ada@example.org", "--scope", "chat"];
    let id = keyed.add(&format!("{SECRET}\n"), &own);
    let answer = keyed.run_on("two\nlines\n\n", &["credentials", "add", "pem"]);
    assert_eq!(answer.err, "Stored version 1 of pem.\n");
    let pem = answer.out.trim_end();

    let text = keyed.run_ok(&["credentials", "list"]);
    for shown in [&id, "api_key v1", "openai, u-1", "cdef", "pem v1", "application", "active"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("0123") && text.lines().all(|line| line.chars().count() <= 80));
    // Without keys, too.
    let page = home.run_json(&["credentials", "list", "api_key", "--user", "ada@example.org"]);
    assert_eq!(page["credentials"][0]["id"], json!(id));
    assert_eq!(page["credentials"].as_array().map(Vec::len), Some(1));
    let shown = keyed.run_ok(&["credentials", "show", &id]);
    for fact in ["api_key", "openai", "u-1", "active", "cdef", "chat", "2027"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    assert_eq!(keyed.run_ok(&["credentials", "reveal", &id]), format!("{SECRET}\n"));
    assert_eq!(keyed.run_ok(&["credentials", "reveal", pem]), "two\nlines\n\n");
    let revealed = keyed.run_json(&["credentials", "reveal", &id]);
    assert_eq!(
        (&revealed["secret"], &revealed["credential"]["hint"]),
        (&json!(SECRET), &json!("cdef"))
    );
    let page = keyed.run(&["credentials", "list", "--limit", "1"]);
    assert!(page.err.contains("next page: --cursor "), "{page:?}");
}

#[test]
fn secrets_are_never_arguments_and_never_stored_without_a_key() {
    let keyed = Keyed::new("2027");
    let answer = keyed.run_on("", &["credentials", "add", "api_key", SECRET]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let answer = keyed.home.run_on(SECRET, &["credentials", "add", "api_key"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("chatkeep credentials generate-key"), "{answer:?}");
    let malformed = Keyed { keys: keyed.keys.replace(':', ""), ..keyed };
    let answer = malformed.run(&["credentials", "list"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.starts_with("error: CHATKEEP_KEYS: must be keys"), "{answer:?}");
    assert!(!answer.err.contains(&malformed.keys[8..20]), "{answer:?}");
}

#[test]
fn invalid_options_are_errors_that_name_them() {
    let keyed = Keyed::new("2027");
    for (options, argument) in [
        (&["", "--quiet"][..], "NAME"),
        (&["a", "--provider", "unknown"], "--provider"),
        (&["a", "--scope", "a b"], "--scope"),
        (&["a", "--expires", "2024-01-01"], "--expires"),
        (&["a", "--user", "eve"], "--user"),
    ] {
        let arguments: Vec<_> = ["credentials", "add"].iter().chain(options).copied().collect();
        let answer = keyed.run_on(SECRET, &arguments);
        assert!(answer.err.starts_with(&format!("error: {argument}: ")), "{answer:?}");
    }
    let answer = keyed.run_on("\n", &["credentials", "add", "a"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(2), "error: secret: is empty\n"));
    for command in ["show", "reveal", "enable", "disable", "revoke"] {
        let answer = keyed.run(&["credentials", command, "none"]);
        assert_eq!(
            (answer.code, answer.err.as_str()),
            (Some(1), "error: ID: credential \"none\" not found\n"),
            "{command}"
        );
    }
}

#[test]
fn credentials_are_disabled_revoked_deleted_and_pruned() {
    let keyed = Keyed::new("2027");
    let (id, other) = (keyed.add(SECRET, &["a"]), keyed.add(SECRET, &["b"]));
    let run = |command: &str| keyed.run_ok(&["credentials", command, &id]);
    assert_eq!(run("disable"), format!("disabled credential {id}\n"));
    assert!(keyed.run_ok(&["credentials", "list"]).contains("disabled"));
    assert_eq!(run("enable"), format!("enabled credential {id}\n"));
    assert_eq!(run("revoke"), format!("revoked credential {id}\n"));
    let answer = keyed.run(&["credentials", "enable", &id]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("is revoked, which is final"), "{answer:?}");
    let answer = keyed.run(&["credentials", "delete", &other]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("pass --yes"), "{answer:?}");
    let deleted = keyed.run_json(&["credentials", "delete", &other, "--yes"]);
    assert_eq!(deleted, json!({ "id": other, "deleted": true }));
    let text = keyed.run_ok(&["credentials", "prune", "--older-than", "1d"]);
    assert_eq!(text, "deleted 0 credentials that ended more than 1 day ago\n");
    assert_eq!(keyed.run_json(&["credentials", "prune"])["deleted"], 0);
}

#[test]
fn keys_are_rotated_and_checked() {
    let mut keyed = Keyed::new("old");
    let id = keyed.add(SECRET, &["a"]);
    let old = keyed.keys.clone();
    let new = generate(&keyed.home, "new");
    keyed.keys = format!("{new},{old}");
    let text = keyed.run_ok(&["credentials", "status"]);
    assert!(text.contains("encrypts") && text.contains("decrypts"), "{text}");
    assert_eq!(
        keyed.run_ok(&["credentials", "rotate"]),
        "encrypted 1 credential with the key new\n"
    );
    assert_eq!(keyed.run_json(&["credentials", "rotate"])["rotated"], 0);
    keyed.keys = new;
    assert_eq!(keyed.run_ok(&["credentials", "reveal", &id]), format!("{SECRET}\n"));
    keyed.keys = old;
    let answer = keyed.run(&["credentials", "status"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.out.contains("missing"), "{answer:?}");
    assert_eq!(answer.err, "1 credential could not be decrypted\n");
    assert_eq!(keyed.run(&["credentials", "rotate"]).code, Some(1));
    let answer = keyed.run(&["credentials", "reveal", &id]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains(&id) && answer.err.contains("\"new\""), "{answer:?}");
    let text = keyed.home.run(&["credentials", "status"]).out;
    assert!(text.contains("missing") && !text.contains("encrypts"), "{text}");
}
