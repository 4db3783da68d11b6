//! Progress bars on standard error.

use std::time::Duration;

use chatkeep_transfer::{Phase, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::Terminal;

/// A progress bar. It is hidden unless standard error is a terminal, and cleared on drop.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Creates a bar that counts bytes, or a spinner if the total is unknown.
    pub(crate) fn bytes(terminal: &Terminal, total: Option<u64>) -> Self {
        match total {
            Some(_) => Self::new(
                terminal,
                total,
                "{wide_bar}  {bytes} of {total_bytes}  {msg}  {eta} left ",
            ),
            None => Self::new(terminal, None, "{spinner} {bytes}  {msg}"),
        }
    }

    /// Creates a bar that counts rows.
    pub(crate) fn rows(terminal: &Terminal, total: u64) -> Self {
        Self::new(terminal, Some(total), "{wide_bar}  {human_pos} of {human_len}  {eta} left ")
    }

    /// Creates a bar for the steps of a transfer.
    pub(crate) fn steps(terminal: &Terminal) -> Self {
        Self::new(
            terminal,
            Some(0),
            "{msg:<9} {wide_bar}  {human_pos} of {human_len}  {per_sec:.0}  {eta} left ",
        )
    }

    /// Shows a step.
    pub(crate) fn step(&self, step: Step) {
        let name = match step.phase {
            Phase::Checking => "checking",
            Phase::Storing => "storing",
            Phase::Counting => "counting",
            Phase::Comparing => "comparing",
            _ => "working",
        };
        if self.0.message() != name {
            // Rate and remaining time refer to the current phase.
            self.0.reset();
            self.0.set_message(name);
        }
        self.0.set_length(step.total);
        self.0.set_position(step.done);
    }

    fn new(terminal: &Terminal, total: Option<u64>, template: &str) -> Self {
        if !terminal.shows_progress {
            return Self(ProgressBar::hidden());
        }
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = if terminal.unicode {
            style.progress_chars("━╸─").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
        } else {
            style.progress_chars("#>-").tick_chars("|/-\\ ")
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10))
            .with_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(crate) fn set(&self, position: u64) {
        self.0.set_position(position);
    }

    pub(crate) fn set_message(&self, message: String) {
        self.0.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
