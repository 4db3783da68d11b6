//! Documentation comments, as written in Rust.

use chatkeep::ERROR_KINDS;

/// A documentation comment, by section.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Documentation {
    /// The first paragraph.
    pub(crate) summary: String,
    /// Further paragraphs.
    pub(crate) paragraphs: Vec<String>,
    /// Arguments: name and description.
    pub(crate) arguments: Vec<(String, String)>,
    /// Description of the result.
    pub(crate) returns: Option<String>,
    /// Errors: kinds and cause.
    pub(crate) errors: Vec<(Vec<String>, String)>,
}

impl Documentation {
    /// Parses a comment.
    ///
    /// The section `# Arguments` is a list of "`name`: description", and `# Errors` of "`Kind`,
    /// `Kind`: cause".
    pub(crate) fn parse(text: &str) -> Self {
        let mut parsed = Self::default();
        let mut section = "";
        for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            let block = match block.strip_prefix("# ") {
                Some(titled) => {
                    let (title, rest) = titled.split_once('\n').unwrap_or((titled, ""));
                    section = title;
                    rest
                }
                None => block,
            };
            match section {
                "" if parsed.summary.is_empty() => parsed.summary = on_one_line(block),
                "" => parsed.paragraphs.push(on_one_line(block)),
                "Arguments" => {
                    for (names, description) in items(block) {
                        for name in names {
                            parsed.arguments.push((name, description.clone()));
                        }
                    }
                }
                "Returns" => parsed.returns = Some(on_one_line(block)),
                "Errors" => parsed.errors.extend(errors(block)),
                other => panic!("unknown section {other:?} in {text:?}"),
            }
        }
        parsed
    }
}

/// Joins the lines of a paragraph.
fn on_one_line(block: &str) -> String {
    block.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Parses a list of "- `name`, `name`: description".
fn items(block: &str) -> Vec<(Vec<String>, String)> {
    let text = on_one_line(block);
    let list = text.strip_prefix("- ").unwrap_or_else(|| panic!("not a list: {text:?}"));
    list.split(" - `")
        .map(|item| {
            let (names, description) = item
                .split_once(": ")
                .unwrap_or_else(|| panic!("not a name and a description: {item:?}"));
            let names = names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
            (names, description.trim().to_owned())
        })
        .collect()
}

/// Parses a list of "- `Kind`, `Kind`: cause".
///
/// # Panics
/// If a name is not a kind of error.
fn errors(block: &str) -> Vec<(Vec<String>, String)> {
    let items = items(block);
    for name in items.iter().flat_map(|(kinds, _)| kinds) {
        assert!(ERROR_KINDS.iter().any(|kind| kind.name == *name), "not a kind of error: {name:?}");
    }
    items
}

/// Splits a text into its first sentence and the others.
pub(crate) fn first_sentence(text: &str) -> (&str, &str) {
    let end = text.match_indices(". ").find(|(at, _)| {
        text[at + 2..].starts_with(|next: char| next.is_uppercase() || next == '`')
    });
    match end {
        Some((at, _)) => (&text[..=at], &text[at + 2..]),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_is_split_into_sections() {
        let parsed = Documentation::parse(
            "Revokes a token\npermanently.\n\nMore.\n\n# Arguments\n- `token_id`: The id.\n- `at`: \
             When\n  it is.\n\n# Returns\n`false` if not.\n\n# Errors\n- `Conflict`, `ReadOnly`: \
             nothing\n  changed.\n- `Unavailable`: no answer.",
        );
        assert_eq!(parsed.summary, "Revokes a token permanently.");
        assert_eq!(parsed.paragraphs, ["More."]);
        assert_eq!(
            parsed.arguments,
            [("token_id".to_owned(), "The id.".to_owned()), ("at".into(), "When it is.".into())]
        );
        assert_eq!(parsed.returns.as_deref(), Some("`false` if not."));
        assert_eq!(parsed.errors[0].0, ["Conflict", "ReadOnly"]);
        assert_eq!(parsed.errors[1], (vec!["Unavailable".to_owned()], "no answer.".to_owned()));
    }

    #[test]
    #[should_panic(expected = "not a kind of error: \"Conflict` with the field `id\"")]
    fn errors_begin_with_kinds() {
        Documentation::parse(
            "Creates it.\n\n# Errors\n- `Conflict` with the field `id`: it is taken.",
        );
    }
}
