//! Tests of help, version, completions, colors and usage errors.

use std::process::Command;

use crate::command::Home;

#[test]
fn the_version_is_that_of_the_crate() {
    assert_eq!(
        Home::new().run_ok(&["--version"]),
        format!("chatkeep {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn missing_arguments_print_the_help_as_a_usage_error() {
    let home = Home::new();
    for arguments in [&[][..], &["messages"], &["users"], &["db"], &["migrate"]] {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?}");
        assert!(answer.err.contains("Usage: chatkeep"), "{}", answer.err);
    }
    assert_eq!(home.run(&["--help"]).code, Some(0));
    assert_eq!(home.files(), <[String; 0]>::default());
}

#[test]
fn usage_errors_exit_with_2_as_text_and_json() {
    let home = Home::new();
    let answer = home.run(&["messages", "list", "--limit", "many"]);
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.err.starts_with("error: invalid value 'many' for '--limit <N>'"),
        "{}",
        answer.err
    );
    let answer = home.run(&["messages", "list", "--limit", "many", "--json"]);
    assert_eq!(answer.code, Some(2));
    let error = answer.error();
    assert_eq!((&error["kind"], &error["field"]), (&"Usage".into(), &"--limit".into()));
    for arguments in [
        &["mesages", "list"][..],
        &["messages", "list", "--colour"],
        &["messages", "list", "--since", "soon"],
    ] {
        assert_eq!(home.run(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Home::new().run_ok(&["completions", shell]);
        assert!(script.contains("chatkeep") && script.contains("from-line"), "{shell}: {script}");
        assert!(!script.contains('\u{1b}'), "{shell}");
    }
}

#[test]
fn the_reference_is_a_markdown_page() {
    let page = Home::new().run_ok(&["markdown-help"]);
    assert!(page.starts_with("# The `chatkeep` command\n"), "{page}");
    assert!(
        page.contains("\n### `chatkeep messages`\n")
            && page.contains("\n#### `chatkeep messages import`\n"),
        "{page}"
    );
}

#[test]
fn pipes_have_colors_only_on_request() {
    let home = Home::new();
    home.run_ok(&["messages", "log", "hi"]);
    let has_colors = |arguments: &[&str]| {
        let answer = home.run(arguments);
        (answer.out + &answer.err).contains('\u{1b}')
    };
    assert!(!has_colors(&["messages", "list"]));
    assert!(!has_colors(&["messages", "--help"]));
    assert!(!has_colors(&["messages", "list", "--limit", "0"]));
    assert!(has_colors(&["messages", "list", "--color", "always"]));
    assert!(has_colors(&["--color=always", "messages", "--help"]));
    assert!(has_colors(&["messages", "list", "--limit", "0", "--color", "always"]));
}

#[test]
fn control_characters_of_messages_are_escaped() {
    let home = Home::new();
    home.run_ok(&[
        "messages",
        "log",
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}2J",
        "--provider",
        "\u{1b}[31m",
    ]);
    for arguments in [
        &["messages", "list"][..],
        &["messages", "get", "1"],
        &["messages", "search", "owned"],
        &["messages", "stats"],
        &["messages", "export"],
        &["messages", "list", "--json"],
    ] {
        let out = home.run_ok(arguments);
        assert!(!out.contains(|c: char| c.is_control() && c != '\n'), "{arguments:?}: {out:?}");
    }
}

#[test]
fn terminals_have_colors_unless_no_color_is_set() {
    // util-linux's `script` gives the command a terminal.
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let home = Home::new();
    home.run_ok(&["messages", "log", "hi"]);
    let on_terminal = |variable: &str| {
        let line = format!("{variable} {} messages list", env!("CARGO_BIN_EXE_chatkeep"));
        let mut command = home.command(&[]);
        let variables: Vec<_> = command
            .get_envs()
            .map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned)))
            .collect();
        command = Command::new("script");
        for (key, value) in variables {
            command.env(key, value.unwrap_or_default());
        }
        command.env("TERM", "xterm").args(["-qec", &line, "/dev/null"]);
        let output = command.output().expect("script runs");
        String::from_utf8_lossy(&output.stdout).contains("\u{1b}[1m")
    };
    assert!(on_terminal(""));
    assert!(!on_terminal("NO_COLOR=1"));
}
