//! The standard streams: who reads them, how wide they are, and what may be written to them.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::args::{ColorOption, GlobalOptions};
use crate::failure::Failure;
use crate::style;
use crate::text;

/// Wide enough for every table here, and what a pipe gets.
const DEFAULT_WIDTH: usize = 80;
/// Below this a table is unreadable anyway; the terminal may wrap it.
const LEAST_WIDTH: usize = 40;

#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Columns that standard output has.
    pub(crate) width: usize,
    /// Colours on standard output.
    pub(crate) color: bool,
    /// Colours on standard error.
    pub(crate) error_color: bool,
    /// Whether more than ASCII may be drawn. Stored text is always UTF-8.
    pub(crate) unicode: bool,
    /// One JSON document instead of text for people.
    pub(crate) json: bool,
    /// Nothing but results and errors.
    pub(crate) quiet: bool,
    /// Somebody looks at standard error, so that a progress bar is of use.
    pub(crate) watched: bool,
}

impl Terminal {
    pub(crate) fn detect(options: &GlobalOptions) -> Self {
        let output_is_terminal = io::stdout().is_terminal();
        let error_is_terminal = io::stderr().is_terminal();
        let wanted =
            |is_terminal| wants_color(options.color, is_terminal, |name| env::var(name).ok());
        Self {
            width: width(output_is_terminal),
            color: wanted(output_is_terminal),
            error_color: wanted(error_is_terminal),
            unicode: speaks_unicode(|name| env::var(name).ok()),
            json: options.json,
            quiet: options.quiet,
            watched: error_is_terminal && !options.json && !options.quiet,
        }
    }

    /// Writes text for people to standard output, its marks turned into colours.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        write(style::paint(text, self.color).as_bytes())
    }

    /// Writes one JSON document to standard output.
    pub(crate) fn print_json(&self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| {
            chatkeep::Error::internal("the answer cannot be written as JSON").with_source(error)
        })?;
        write(format!("{}\n", text::safe_json(text)).as_bytes())
    }

    /// The result in either form.
    pub(crate) fn answer(
        &self,
        json: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.print_json(json) } else { self.print(&text()) }
    }

    /// Says something beside the result, on standard error: what was empty, how to go on. Programs are spared it.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            self.say(text);
        }
    }

    /// Says something on standard error that must not be missed.
    pub(crate) fn say(&self, text: &str) {
        // Nobody listens on standard error: then there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{}", style::paint(text, self.error_color));
    }

    /// `…`, or three dots where that cannot be shown.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// The sign before an answer that stands under its question.
    pub(crate) fn reply(&self) -> &'static str {
        if self.unicode { "↳ " } else { "> " }
    }

    /// What stands between two facts on one line.
    pub(crate) fn separator(&self) -> &'static str {
        if self.unicode { " · " } else { ", " }
    }

    /// What stands where there is nothing.
    pub(crate) fn nothing(&self) -> &'static str {
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
    let told = || env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0);
    measured.or_else(told).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH)
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

/// As the C library decides: the first of these that is set and not empty names the encoding.
fn speaks_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
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
    /// A terminal of this width without colours.
    pub(crate) fn plain(width: usize) -> Self {
        Self {
            width,
            color: false,
            error_color: false,
            unicode: true,
            json: false,
            quiet: false,
            watched: false,
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
    fn colours_are_for_terminals_unless_told_otherwise() {
        assert!(wants_color(ColorOption::Auto, true, variables(&[("TERM", "xterm")])));
        assert!(!wants_color(ColorOption::Auto, false, variables(&[])));
        assert!(!wants_color(ColorOption::Auto, true, variables(&[("NO_COLOR", "1")])));
        assert!(wants_color(ColorOption::Auto, true, variables(&[("NO_COLOR", "")])));
        assert!(!wants_color(ColorOption::Auto, true, variables(&[("TERM", "dumb")])));
        assert!(wants_color(ColorOption::Always, false, variables(&[("NO_COLOR", "1")])));
        assert!(!wants_color(ColorOption::Never, true, variables(&[])));
    }

    #[test]
    fn the_locale_says_whether_more_than_ascii_can_be_drawn() {
        assert!(speaks_unicode(variables(&[("LANG", "de_DE.UTF-8")])));
        assert!(speaks_unicode(variables(&[
            ("LC_ALL", ""),
            ("LC_CTYPE", "C.utf8"),
            ("LANG", "C")
        ])));
        assert!(!speaks_unicode(variables(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")])));
        assert!(!speaks_unicode(variables(&[])));
    }
}
