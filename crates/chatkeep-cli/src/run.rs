//! Runs the command: from the arguments to the exit code.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;

use clap::error::{ContextKind, ErrorKind};
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _};

use crate::args::{Arguments, ColorOption};
use crate::argument_names::of_usage;
use crate::commands;
use crate::context::Context;
use crate::failure::{BROKEN_PIPE, Failure, USAGE};
use crate::terminal::Terminal;

/// Runs the `chatkeep` command and returns its exit code.
///
/// The first argument is the program's name. The command uses the standard streams of this process.
///
/// | code | meaning |
/// |---|---|
/// | 0 | success |
/// | 1 | failure, invalid token, or row not found |
/// | 2 | usage error: an argument or a setting is invalid |
/// | 3 | the schema is older than this version, or a transfer into the database is unfinished |
/// | 31 | the schema is newer than this version |
/// | 32 | a migration was changed after it was applied |
/// | 33 | an applied migration is missing |
/// | 34 | a pending migration is older than an applied one |
/// | 35 | a migration is running or was interrupted |
/// | 36 | the database rejected a migration |
/// | 37 | the schema differs from its migrations |
/// | 5 | the database is unavailable, or the connection was lost |
/// | 141 | the output pipe is closed (as for a program that dies of `SIGPIPE`) |
///
/// It never calls [`std::process::exit`] and does not panic on a closed pipe. While it runs, Ctrl-C
/// and SIGTERM end the whole process by that signal (a shell reports 130 and 143) after a cleanup.
///
/// ```
/// let code = chatkeep_cli::run(["chatkeep", "messages", "list", "--limit", "many"]);
/// assert_eq!(code, 2);
/// ```
pub fn run<I>(arguments: I) -> u8
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let outcome = match parse(&arguments) {
        Ok(parsed) => {
            let terminal = Terminal::detect(&parsed.global);
            let context = Context::new(parsed.global, terminal);
            let outcome = commands::run(parsed.command, &context);
            outcome.unwrap_or_else(|failure| failure.report(&context.terminal))
        }
        Err(error) => report_usage(&error, &arguments),
    };
    // A closed pipe has its own exit code; any other write error, such as a full disk, is a
    // failure.
    match std::io::stdout().flush() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => BROKEN_PIPE,
        Err(_) if outcome == 0 => 1,
        _ => outcome,
    }
}

fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    let command = Arguments::command().color(match early_color(arguments) {
        ColorOption::Auto => ColorChoice::Auto,
        ColorOption::Always => ColorChoice::Always,
        ColorOption::Never => ColorChoice::Never,
    });
    Arguments::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

/// Finds `--color` before parsing, so that help and usage errors respect it.
fn early_color(arguments: &[OsString]) -> ColorOption {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        let value = if argument == "--color" {
            arguments.next().map(OsString::as_os_str)
        } else {
            argument.to_str().and_then(|argument| argument.strip_prefix("--color=")).map(OsStr::new)
        };
        match value.and_then(OsStr::to_str) {
            Some("always") => return ColorOption::Always,
            Some("never") => return ColorOption::Never,
            _ => {}
        }
    }
    ColorOption::Auto
}

fn report_usage(error: &clap::Error, arguments: &[OsString]) -> u8 {
    let wants_json = arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json");
    if error.use_stderr()
        && wants_json
        && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    {
        let field =
            error.get(ContextKind::InvalidArg).map(|shown| of_usage(&shown.to_string()).to_owned());
        let text = error.render().to_string();
        let message =
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return Failure::usage(message).with_field(field).report_json();
    }
    match error.print() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => BROKEN_PIPE,
        _ if error.use_stderr() => USAGE,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_definitions_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn color_options_are_found_before_parsing() {
        let choice = |arguments: &[&str]| {
            early_color(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
        };
        assert_eq!(choice(&["chatkeep", "--color", "never", "nonsense"]), ColorOption::Never);
        assert_eq!(choice(&["chatkeep", "messages", "--color=always"]), ColorOption::Always);
        assert_eq!(
            choice(&["chatkeep", "messages", "log", "--", "--color=never"]),
            ColorOption::Auto
        );
        assert_eq!(choice(&["chatkeep", "--color"]), ColorOption::Auto);
    }
}
