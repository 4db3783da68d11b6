//! The command's reference as Markdown, made from the definitions of the arguments.

use std::fmt::Write as _;

use clap::{ColorChoice, Command, CommandFactory as _};

use crate::args::Arguments;

/// Every command's help page under a heading of its own, the same on every machine.
pub(crate) fn markdown() -> String {
    let mut root =
        Arguments::command().color(ColorChoice::Never).term_width(80).disable_help_subcommand(true);
    root.build();
    let mut out = String::from(
        "# The `chatkeep` command\n\n\
         <!-- Made by `chatkeep markdown-help`; change the definitions in crates/chatkeep-cli/src/args instead. -->\n",
    );
    describe(&mut root, "", &mut out);
    out
}

fn describe(command: &mut Command, parents: &str, out: &mut String) {
    let path = if parents.is_empty() {
        command.get_name().to_owned()
    } else {
        format!("{parents} {}", command.get_name())
    };
    let level = "#".repeat(1 + path.split(' ').count().min(3));
    let help = command.clone().term_width(80).bin_name(&path).render_long_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    let _ = write!(out, "\n{level} `{path}`\n\n```text\n{}\n```\n", help.join("\n"));
    for child in command
        .get_subcommands_mut()
        .filter(|child| !child.is_hide_set() && child.get_name() != "help")
    {
        describe(child, &path, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_section_and_its_examples() {
        let text = markdown();
        for path in
            ["messages import", "tokens verify", "db wait", "migrate upgrade", "completions"]
        {
            let section = text.split(&format!("# `chatkeep {path}`\n")).nth(1).expect(path);
            let section = section.split("\n#").next().unwrap_or_default();
            assert!(section.contains("Examples:\n"), "{path}: {section}");
        }
    }

    #[test]
    fn the_reference_is_the_same_each_time_and_plain() {
        assert_eq!(markdown(), markdown());
        assert!(!markdown().contains('\u{1b}'));
        assert!(!markdown().contains("markdown-help`\n"));
    }

    #[test]
    fn no_line_of_help_is_wider_than_80_columns() {
        for line in markdown().lines().filter(|line| !line.starts_with("<!--")) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
