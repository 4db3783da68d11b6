//! The standard streams: their width, colors and encoding.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::args::{ColorOption, GlobalOptions};
use crate::failure::Failure;
use crate::style;
use crate::text;

/// Width of output that is not a terminal. Every table fits it.
const DEFAULT_WIDTH: usize = 80;
/// Minimum width. Narrower tables are unreadable, so the terminal wraps lines instead.
const MIN_WIDTH: usize = 40;

#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Width of standard output in columns.
    pub(crate) width: usize,
    /// Whether standard output has colors.
    pub(crate) color: bool,
    /// Whether standard error has colors.
    pub(crate) error_color: bool,
    /// Whether the layout may use non-ASCII characters. Stored text is always UTF-8.
    pub(crate) unicode: bool,
    /// Whether to print one JSON document instead of text.
    pub(crate) json: bool,
    /// Whether to print only results and errors.
    pub(crate) quiet: bool,
    /// Whether to show progress bars.
    pub(crate) shows_progress: bool,
}

impl Terminal {
    pub(crate) fn detect(options: &GlobalOptions) -> Self {
        let output_is_terminal = io::stdout().is_terminal();
        let error_is_terminal = io::stderr().is_terminal();
        let has_color =
            |is_terminal| wants_color(options.color, is_terminal, |name| env::var(name).ok());
        Self {
            width: width(output_is_terminal),
            color: has_color(output_is_terminal),
            error_color: has_color(error_is_terminal),
            unicode: supports_unicode(|name| env::var(name).ok()),
            json: options.json,
            quiet: options.quiet,
            shows_progress: error_is_terminal && !options.json && !options.quiet,
        }
    }

    /// Prints text to standard output, with marks replaced by colors.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        write(style::paint(text, self.color).as_bytes())
    }

    /// Prints text to standard output exactly as it is.
    pub(crate) fn print_unchanged(&self, text: &str) -> Result<(), Failure> {
        write(text.as_bytes())
    }

    /// Prints one JSON document to standard output.
    pub(crate) fn print_json(&self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| {
            chatkeep::Error::internal("cannot serialize the result as JSON").with_source(error)
        })?;
        write(format!("{}\n", text::safe_json(text)).as_bytes())
    }

    /// Prints the result as JSON or text.
    pub(crate) fn answer(
        &self,
        json: &(impl Serialize + ?Sized),
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.print_json(json) } else { self.print(&text()) }
    }

    /// Prints a list as JSON or as a table, or notes that it is empty.
    pub(crate) fn answer_list(
        &self,
        json: &(impl Serialize + ?Sized),
        is_empty: bool,
        empty: &str,
        table: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if is_empty && !self.json {
            self.note(empty);
            return Ok(());
        }
        self.answer(json, table)
    }

    /// Prints additional information to standard error, except with `--quiet` or `--json`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            self.print_error(text);
        }
    }

    /// Prints a line to standard error.
    pub(crate) fn print_error(&self, text: &str) {
        // Ignored: if standard error is closed, nothing else can be done.
        let _ = writeln!(io::stderr().lock(), "{}", style::paint(text, self.error_color));
    }

    /// Returns `…`, or three dots without Unicode.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// Returns the prefix of a response below its message.
    pub(crate) fn reply(&self) -> &'static str {
        if self.unicode { "↳ " } else { "> " }
    }

    /// Returns the separator between two facts on one line.
    pub(crate) fn separator(&self) -> &'static str {
        if self.unicode { " · " } else { ", " }
    }

    /// Formats a title with facts after it: `user · 2023-09-23 21:02`.
    pub(crate) fn heading(&self, title: &str, facts: &[String]) -> String {
        let mut out = style::strong(title);
        for fact in facts {
            out.push_str(&style::dim(self.separator()));
            out.push_str(&style::dim(fact));
        }
        out
    }

    /// Returns the placeholder for a missing value.
    pub(crate) fn placeholder(&self) -> &'static str {
        if self.unicode { "–" } else { "-" }
    }
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::file("standard output", &error))
}

fn width(is_terminal: bool) -> usize {
    let measured = is_terminal
        .then(terminal_size::terminal_size)
        .flatten()
        .map(|(width, _)| usize::from(width.0));
    let from_environment = || env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0);
    measured.or_else(from_environment).unwrap_or(DEFAULT_WIDTH).max(MIN_WIDTH)
}

fn wants_color(
    choice: ColorOption,
    is_terminal: bool,
    variable: impl Fn(&str) -> Option<String>,
) -> bool {
    match choice {
        ColorOption::Always => true,
        ColorOption::Never => false,
        ColorOption::Auto => {
            let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
            is_terminal && !refused && variable("TERM").as_deref() != Some("dumb")
        }
    }
}

/// Returns whether the locale's encoding is UTF-8, by the rules of the C library: the first
/// non-empty variable decides.
fn supports_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    if cfg!(windows) {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
impl Terminal {
    /// Creates a terminal of this width without colors.
    pub(crate) fn plain(width: usize) -> Self {
        Self {
            width,
            color: false,
            error_color: false,
            unicode: true,
            json: false,
            quiet: false,
            shows_progress: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<'a> {
        |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn colors_follow_the_option_the_terminal_and_no_color() {
        assert!(wants_color(ColorOption::Auto, true, variables(&[("TERM", "xterm")])));
        assert!(!wants_color(ColorOption::Auto, false, variables(&[])));
        assert!(!wants_color(ColorOption::Auto, true, variables(&[("NO_COLOR", "1")])));
        assert!(wants_color(ColorOption::Auto, true, variables(&[("NO_COLOR", "")])));
        assert!(!wants_color(ColorOption::Auto, true, variables(&[("TERM", "dumb")])));
        assert!(wants_color(ColorOption::Always, false, variables(&[("NO_COLOR", "1")])));
        assert!(!wants_color(ColorOption::Never, true, variables(&[])));
    }

    #[test]
    fn unicode_support_follows_the_locale() {
        assert!(supports_unicode(variables(&[("LANG", "de_DE.UTF-8")])));
        assert!(supports_unicode(variables(&[
            ("LC_ALL", ""),
            ("LC_CTYPE", "C.utf8"),
            ("LANG", "C")
        ])));
        assert!(!supports_unicode(variables(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")])));
        assert!(!supports_unicode(variables(&[])));
    }
}
