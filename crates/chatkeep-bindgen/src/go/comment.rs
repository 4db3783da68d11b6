//! Comments.

/// Maximum length of a line.
const WIDTH: usize = 100;

/// A comment before a declaration.
pub(crate) struct Comment {
    indent: &'static str,
    text: String,
}

impl Comment {
    /// Creates a comment whose lines start with `indent`.
    pub(crate) fn new(indent: &'static str) -> Self {
        Self { indent, text: String::new() }
    }

    /// Adds a paragraph, unless it is empty.
    pub(crate) fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            if !self.text.is_empty() {
                self.text += &format!("{}//\n", self.indent);
            }
            self.wrap("// ", "// ", text);
        }
    }

    /// Adds a list with a title, unless it is empty.
    pub(crate) fn list(&mut self, title: &str, items: &[String]) {
        if !items.is_empty() {
            self.paragraph(title);
            for item in items {
                self.wrap("//   - ", "//     ", item);
            }
        }
    }

    /// Returns the lines.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn wrap(&mut self, first: &str, further: &str, text: &str) {
        let mut line = format!("{}{first}", self.indent);
        let mut is_empty = true;
        for word in text.split_whitespace() {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.text += &format!("{line}\n");
                line = format!("{}{further}", self.indent);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line += word;
            is_empty = false;
        }
        self.text += &format!("{line}\n");
    }
}

/// Returns a text as the continuation of a sentence.
pub(crate) fn continued(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().collect::<String>() + characters.as_str(),
        None => String::new(),
    }
}
