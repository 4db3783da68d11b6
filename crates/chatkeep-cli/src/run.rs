//! From the arguments to the exit code.

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

/// Runs the `chatkeep` command with these arguments, of which the first is the program's name, on the standard
/// streams of this process, and returns its exit code.
///
/// | code | meaning |
/// |---|---|
/// | 0 | done |
/// | 1 | failed, or the token is not valid, or there is no such row |
/// | 2 | wrong usage: an argument or a setting cannot be |
/// | 3 | the schema is behind this program |
/// | 31 | the schema is newer than this program |
/// | 32, 33, 34 | a migration was changed after it had been run, is not there any more, or is out of order |
/// | 35, 36 | a migration was cut off, or refused by the database |
/// | 37 | the schema is not what its migrations make |
/// | 5 | the database is not available |
/// | 141 | the reader of the output went away (as a program that dies of `SIGPIPE`) |
///
/// It never calls [`std::process::exit`] and does not panic on a closed pipe. While it runs, Ctrl-C and SIGTERM end
/// the whole process by that signal (a shell sees 130 and 143), after what was half done has been tidied away.
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
    // What is still in the buffer when the reader is gone is nobody's loss; a full disk is.
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

/// Help and usage errors are printed before the arguments have been read, and yet they obey `--color`.
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
    fn the_definitions_of_the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_color_choice_counts_before_anything_else_is_read() {
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
