//! Documentation comments of TypeScript.

use std::collections::BTreeSet;

use chatkeep::{ERROR_KINDS, SETTINGS};

use super::Types;
use crate::documentation::Documentation;
use crate::names::{Spelling, camel, spell};
use crate::surface::Surface;

const WIDTH: usize = 100;

/// JavaScript's spelling of names.
pub(super) struct JavaScript {
    /// Names in snake case that are spelled in camel case.
    names: BTreeSet<&'static str>,
}

impl JavaScript {
    pub(super) fn new(surface: &Surface, types: &Types) -> Self {
        let mut names: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        for described in surface.interfaces.iter().flat_map(|interface| &interface.operations) {
            names.insert(described.operation.name);
            names.extend(described.parameters.iter().map(|(_, field)| field.name));
        }
        for record in types.results.iter().chain(&types.arguments) {
            names.extend(record.fields.iter().map(|field| field.name));
        }
        Self { names }
    }

    /// Returns a text in the spelling of JavaScript.
    pub(super) fn text(&self, text: &str) -> String {
        spell(text, self)
    }
}

impl Spelling for JavaScript {
    fn method(&self, class: &str, method: &str) -> String {
        format!("{{@link {class}.{}}}", camel(method))
    }

    fn code(&self, code: &str) -> String {
        let (list, name) = code.split_once("].").unwrap_or(("", code));
        let separator = if list.is_empty() { "" } else { "]." };
        let kind = ERROR_KINDS.iter().find(|kind| kind.name == name);
        match name {
            "None" => "`null`".to_owned(),
            _ if kind.is_some() => format!("`{}`", kind.map_or(name, |kind| kind.code)),
            name if self.names.contains(name) => format!("`{list}{separator}{}`", camel(name)),
            _ => format!("`{code}`"),
        }
    }
}

/// A comment under construction.
#[derive(Default)]
pub(super) struct Comment {
    lines: Vec<String>,
}

impl Comment {
    /// Starts with the summary and the paragraphs of a documentation.
    pub(super) fn new(documentation: &Documentation, spelling: &JavaScript, indent: usize) -> Self {
        let mut comment = Self::default();
        comment.wrap(&spelling.text(&documentation.summary), indent);
        for paragraph in &documentation.paragraphs {
            comment.lines.push(String::new());
            comment.wrap(&spelling.text(paragraph), indent);
        }
        comment
    }

    /// Starts with a text.
    pub(super) fn of(text: &str, indent: usize) -> Self {
        let mut comment = Self::default();
        comment.wrap(text, indent);
        comment
    }

    /// Adds a line without text.
    pub(super) fn empty_line(&mut self) {
        self.lines.push(String::new());
    }

    /// Adds a text, over several lines if necessary.
    pub(super) fn wrap(&mut self, text: &str, indent: usize) {
        let mut line = String::new();
        for word in words(text) {
            if !line.is_empty() && line.len() + word.len() + indent + 4 > WIDTH {
                self.lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.lines.push(line);
    }

    /// Adds an example.
    pub(super) fn example(&mut self, code: &str) {
        self.lines.push(String::new());
        self.lines.push("@example".into());
        self.lines.push("```ts".into());
        self.lines.extend(code.lines().map(str::to_owned));
        self.lines.push("```".into());
    }

    /// Returns the comment.
    pub(super) fn finish(self, indent: usize) -> String {
        let spaces = " ".repeat(indent);
        if let [line] = &*self.lines
            && line.len() + indent + 7 <= WIDTH
        {
            return format!("{spaces}/** {line} */\n");
        }
        let mut out = format!("{spaces}/**\n");
        for line in &self.lines {
            out.push_str(&spaces);
            out.push_str(" *");
            if !line.is_empty() {
                out.push(' ');
                out.push_str(line);
            }
            out.push('\n');
        }
        out + &spaces + " */\n"
    }
}

/// Splits a text at spaces, but not within links and code.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    let mut code = false;
    text.split(move |character: char| {
        match character {
            '`' => code = !code,
            '{' if !code => is_inside = true,
            '}' if !code => is_inside = false,
            _ => {}
        }
        character == ' ' && !is_inside && !code
    })
}
