//! Takes the prose out of a file: comments, documentation, and the literals that people read.

/// The language of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rust,
    Script,
    Python,
    TypeScript,
    Go,
    C,
    Markdown,
}

impl Kind {
    /// Returns the language of `path` by its name, or `None` if it holds no prose.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        Some(match extension {
            "rs" => Self::Rust,
            "py" | "pyi" => Self::Python,
            "ts" | "mts" | "mjs" | "js" => Self::TypeScript,
            "go" => Self::Go,
            "c" | "h" => Self::C,
            "md" => Self::Markdown,
            "sh" | "toml" | "yml" | "yaml" => Self::Script,
            _ if name == "Makefile" || path == ".ci/run" => Self::Script,
            _ => return None,
        })
    }
}

/// A paragraph of prose, and the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Literals with at least this many words are taken for prose.
const WORDS_OF_PROSE: usize = 3;

/// Returns the prose of `source`. String literals count in sources of the library, not in tests.
pub(crate) fn passages(kind: Kind, path: &str, source: &str) -> Vec<Passage> {
    let parts = match kind {
        Kind::Markdown => {
            source.lines().enumerate().map(|(at, text)| (at + 1, text.into())).collect()
        }
        Kind::Script => lines_of_script(source),
        Kind::Python => Scanner::new(source, Syntax::PYTHON, literals_count(path)).parts(),
        Kind::Rust => Scanner::new(source, Syntax::RUST, literals_count(path)).parts(),
        Kind::TypeScript => Scanner::new(source, Syntax::TYPESCRIPT, literals_count(path)).parts(),
        Kind::Go => Scanner::new(source, Syntax::GO, literals_count(path)).parts(),
        Kind::C => Scanner::new(source, Syntax::C, literals_count(path)).parts(),
    };
    without_code_blocks(parts)
}

fn literals_count(path: &str) -> bool {
    let test = path.split('/').any(|part| {
        matches!(part, "tests" | "test" | "testdata")
            || part.starts_with("test_")
            || part.contains("tests.")
            || part.ends_with("_test.go")
    });
    !test && !path.starts_with("bench/") && !path.starts_with("fuzz/")
}

fn lines_of_script(source: &str) -> Vec<(usize, String)> {
    let comment = |line: &str| {
        let at = if line.starts_with('#') { Some(0) } else { line.find(" #").map(|at| at + 1) }?;
        (!line.starts_with("#!")).then(|| line[at..].trim_start_matches('#').to_owned())
    };
    let numbered = source.lines().enumerate();
    numbered.filter_map(|(at, line)| Some((at + 1, comment(line)?))).collect()
}

/// Joins neighbouring lines to paragraphs, without the text between code fences.
fn without_code_blocks(parts: Vec<(usize, String)>) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let mut fenced = false;
    let mut last = None;
    for (line, text) in parts {
        let text = text.trim_end().to_owned();
        if text.trim().is_empty() {
            last = None;
        } else if text.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            match passages.last_mut() {
                Some(passage) if last == Some(line - 1) && !text.contains('|') => {
                    passage.text.push(' ');
                    passage.text.push_str(text.trim());
                }
                _ => passages.push(Passage { line, text }),
            }
            last = Some(line);
        }
    }
    passages
}

/// How a language writes comments and literals.
struct Syntax {
    line_comment: &'static str,
    block_comment: Option<(&'static str, &'static str)>,
    quotes: &'static [&'static str],
    /// The quote of literals in which a backslash is an ordinary character.
    raw_quote: Option<&'static str>,
    /// From here on a file holds tests.
    tests_begin: Option<&'static str>,
}

impl Syntax {
    const RUST: Self = Self {
        line_comment: "//",
        block_comment: Some(("/*", "*/")),
        quotes: &["\""],
        raw_quote: None,
        tests_begin: Some("#[cfg(test)]"),
    };
    const PYTHON: Self = Self {
        line_comment: "#",
        block_comment: None,
        quotes: &["\"\"\"", "\"", "'"],
        raw_quote: None,
        tests_begin: None,
    };
    const TYPESCRIPT: Self = Self {
        line_comment: "//",
        block_comment: Some(("/*", "*/")),
        quotes: &["\"", "'", "`"],
        raw_quote: None,
        tests_begin: None,
    };
    const GO: Self = Self { raw_quote: Some("`"), ..Self::TYPESCRIPT };
    const C: Self = Self { quotes: &["\"", "'"], ..Self::TYPESCRIPT };
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    syntax: Syntax,
    literals: bool,
    parts: Vec<(usize, String)>,
}

impl<'a> Scanner<'a> {
    fn new(source: &'a str, syntax: Syntax, literals: bool) -> Self {
        Self { rest: source, line: 1, syntax, literals, parts: Vec::new() }
    }

    fn parts(mut self) -> Vec<(usize, String)> {
        while let Some(first) = self.rest.chars().next() {
            if self.rest.starts_with(self.syntax.line_comment) {
                let text = self.until("\n");
                self.keep(text.trim_start_matches(['/', '!', '#', ':']));
            } else if let Some((open, close)) =
                self.syntax.block_comment.filter(|(open, _)| self.rest.starts_with(open))
            {
                self.skip(open.len());
                let text = self.until(close);
                let first = self.line;
                for (at, line) in text.lines().enumerate() {
                    let line = line.trim_start().trim_start_matches('*');
                    self.parts.push((first + at, line.to_owned()));
                }
                self.line += text.matches('\n').count();
                self.skip(close.len().min(self.rest.len()));
            } else if self.syntax.tests_begin.is_some_and(|tests| self.rest.starts_with(tests)) {
                self.literals = false;
                self.skip(1);
            } else if let Some(raw) = self.raw_string() {
                self.literal(raw);
            } else if self.rest.starts_with("'\"'") {
                self.skip(3);
            } else if let Some(quote) =
                self.syntax.quotes.iter().find(|quote| self.rest.starts_with(**quote))
            {
                let text = self.quoted(quote);
                self.literal(text);
            } else {
                self.line += usize::from(first == '\n');
                self.rest = &self.rest[first.len_utf8()..];
            }
        }
        self.parts
    }

    fn keep(&mut self, text: &str) {
        self.parts.push((self.line, text.to_owned()));
    }

    /// A literal is prose if it has some words; SQL is not.
    fn literal(&mut self, text: &'a str) {
        let sql = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "WITH"];
        let prose = text.split_whitespace().count() >= WORDS_OF_PROSE
            && !sql.iter().any(|word| text.trim_start().starts_with(word));
        // Docstrings of Python are documentation wherever they are.
        let docstring = self.syntax.line_comment == "#";
        if prose && (self.literals || (docstring && text.contains('\n'))) {
            // Empty parts keep a literal from being joined to its neighbours.
            self.keep("");
            for (at, line) in text.lines().enumerate() {
                self.parts.push((self.line + at, line.to_owned()));
            }
            self.keep("");
        }
        self.line += text.matches('\n').count();
    }

    /// Takes a raw string of Rust, whose end repeats the number signs of its beginning.
    fn raw_string(&mut self) -> Option<&'a str> {
        let hashes = self.rest.strip_prefix("r")?.chars().take_while(|c| *c == '#').count();
        let opened = self.rest[1 + hashes..].starts_with('"');
        if !opened || self.syntax.line_comment != "//" || self.syntax.quotes.len() > 1 {
            return None;
        }
        self.skip(2 + hashes);
        let close = format!("\"{}", "#".repeat(hashes));
        let text = self.until(&close);
        self.skip(close.len().min(self.rest.len()));
        Some(text)
    }

    /// Takes a literal, with backslash escapes unless its quote is that of raw ones.
    fn quoted(&mut self, quote: &str) -> &'a str {
        self.skip(quote.len());
        let mut escaped = false;
        let end = self.rest.char_indices().find_map(|(at, c)| {
            let ends = !escaped && self.rest[at..].starts_with(quote);
            escaped = c == '\\' && !escaped && self.syntax.raw_quote != Some(quote);
            ends.then_some(at)
        });
        let text = &self.rest[..end.unwrap_or(self.rest.len())];
        self.skip(text.len());
        self.skip(quote.len().min(self.rest.len()));
        text
    }

    /// Takes everything before `end`, or the rest.
    fn until(&mut self, end: &str) -> &'a str {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let text = &self.rest[..at];
        self.skip(at);
        text
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(kind: Kind, source: &str) -> Vec<String> {
        passages(kind, "src/lib.rs", source).into_iter().map(|passage| passage.text).collect()
    }

    #[test]
    fn comments_and_literals_of_rust_are_prose() {
        let source = "/// Returns\n/// the id.\nlet a = \"three words here\"; // After it.\n";
        assert_eq!(
            texts(Kind::Rust, source),
            [" Returns the id.", "three words here", " After it."]
        );
    }

    #[test]
    fn short_literals_sql_characters_and_tests_are_not_prose() {
        let source = "a(\"two words\", '\"', \"SELECT id FROM messages\", r#\"one more \"text\"\"#);\n\
                      #[cfg(test)]\nlet b = \"what people write\";";
        assert_eq!(texts(Kind::Rust, source), ["one more \"text\""]);
    }

    #[test]
    fn code_blocks_are_not_prose() {
        assert_eq!(texts(Kind::Markdown, "One.\n```sh\nwho\n```\nTwo."), ["One.", "Two."]);
        assert_eq!(texts(Kind::Rust, "/// One.\n/// ```\n/// who();\n/// ```\n"), [" One."]);
    }

    #[test]
    fn docstrings_and_comments_of_python_are_prose() {
        let source = "def a():\n    \"\"\"Returns\n    the id.\"\"\"\n    return 1  # One.\n";
        assert_eq!(texts(Kind::Python, source), ["Returns the id.", " One."]);
    }

    #[test]
    fn comments_and_literals_of_go_are_prose() {
        let source = "// Returns\n// the id.\n\na := \"three words here\" + `\\` + string('`') // After it.\n";
        assert_eq!(texts(Kind::Go, source), [" Returns the id.", "three words here", " After it."]);
        let of_test = passages(Kind::Go, "go/audit_test.go", source);
        assert_eq!(of_test.len(), 2);
    }

    #[test]
    fn comments_of_c_are_prose() {
        let source = "/**\n * Returns\n * the id.\n */\nchar quote = '\"'; // After it.\n";
        assert_eq!(texts(Kind::C, source), [" Returns the id.", " After it."]);
    }

    #[test]
    fn a_passage_has_its_line() {
        let found =
            passages(Kind::TypeScript, "node/src/a.ts", "let a;\n/**\n * Returns it.\n */\n");
        assert_eq!(found, [Passage { line: 3, text: " Returns it.".to_owned() }]);
    }
}
