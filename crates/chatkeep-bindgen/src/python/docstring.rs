//! Docstrings in Google's style.

use super::layout::{WIDTH, wrap};
use super::spelling::sentence;
use crate::documentation::first_sentence;

/// The parts of a docstring, already in the spelling of Python.
#[derive(Default)]
pub(super) struct Docstring {
    pub(super) summary: String,
    pub(super) paragraphs: Vec<String>,
    /// Name, type and description.
    pub(super) arguments: Vec<(String, String, String)>,
    /// Name, type and description, of a class.
    pub(super) attributes: Vec<(String, String, String)>,
    /// Type and description.
    pub(super) returns: Option<(String, String)>,
    /// Classes and cause.
    pub(super) raises: Vec<(String, String)>,
    pub(super) examples: Vec<String>,
}

impl Docstring {
    /// Returns the docstring as a statement.
    pub(super) fn render(&self, indent: usize) -> String {
        let margin = " ".repeat(indent);
        let body = self.body(indent);
        let quote = if body.contains('\\') { "r\"\"\"" } else { "\"\"\"" };
        let one_line = format!("{margin}{quote}{}\"\"\"\n", body.trim());
        if body.lines().count() == 1 && one_line.chars().count() <= WIDTH + 1 {
            return one_line;
        }
        format!("{margin}{quote}{}\n{margin}\"\"\"\n", body.trim())
    }

    fn body(&self, indent: usize) -> String {
        let margin = " ".repeat(indent);
        // The summary is one line.
        let (summary, rest) = first_sentence(&self.summary);
        assert!(
            indent + summary.chars().count() + 3 <= WIDTH,
            "the first sentence is longer than a line: {summary}"
        );
        let mut out = format!("{margin}{summary}\n");
        let rest = Some(rest.to_owned()).filter(|rest| !rest.is_empty());
        for paragraph in rest.iter().chain(&self.paragraphs) {
            out.push('\n');
            out.push_str(&wrap(paragraph, indent, indent));
        }
        let entry = |head: String, text: &str| {
            wrap(&format!("{head}: {}", sentence(text)), indent + 4, indent + 8)
        };
        let typed = |entries: &[(String, String, String)]| -> String {
            let entries = entries.iter();
            let lines = entries.map(|(name, ty, text)| entry(format!("{name} ({ty})"), text));
            lines.collect()
        };
        let returns = self.returns.iter();
        let returns = returns.map(|(ty, description)| entry(ty.clone(), description));
        let raises = self.raises.iter();
        let raises = raises.map(|(classes, cause)| entry(classes.clone(), cause));
        let examples = self.examples.iter().map(|line| format!("{margin}    {line}\n"));
        for (title, lines) in [
            ("Args", typed(&self.arguments)),
            ("Attributes", typed(&self.attributes)),
            ("Returns", returns.collect()),
            ("Raises", raises.collect()),
            ("Examples", examples.collect()),
        ] {
            if !lines.is_empty() {
                out.push_str(&format!("\n{margin}{title}:\n{lines}"));
            }
        }
        out
    }
}
