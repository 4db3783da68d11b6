//! Splitting of SQL text into statements. A semicolon inside a string, a comment, or the body of a
//! trigger or function does not end a statement.

use crate::engine::Engine;

/// Number of words kept of each statement, enough to classify it.
const WORDS: usize = 12;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Text, without the semicolon at the end.
    pub(super) text: String,
    /// Number of its first line, from 1.
    pub(super) line: usize,
    /// First words outside of quotes and comments, in uppercase.
    pub(super) words: Vec<String>,
    /// Whether it contains semicolons, so that clients need a delimiter.
    pub(super) is_compound: bool,
}

impl Statement {
    /// Returns a word by its index, or an empty text.
    pub(super) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// Returns the beginning of the statement, for messages.
    pub(super) fn shown(&self) -> String {
        let line = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(60) {
            Some((end, _)) => format!("{} ...", &line[..end]),
            None => line,
        }
    }
}

/// A syntax error in a script, and its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ScriptError {
    pub(super) line: usize,
    pub(super) cause: String,
}

/// Splits a text into its statements.
pub(super) fn split(engine: Engine, text: &str) -> Result<Vec<Statement>, ScriptError> {
    let mut scanner = Scanner {
        engine,
        text,
        bytes: text.as_bytes(),
        at: 0,
        found: Vec::new(),
        open: Open::default(),
    };
    scanner.run()?;
    Ok(scanner.found)
}

struct Scanner<'a> {
    engine: Engine,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    found: Vec<Statement>,
    open: Open,
}

/// The current statement.
#[derive(Default)]
struct Open {
    start: Option<usize>,
    words: Vec<String>,
    parentheses: usize,
    /// Number of `BEGIN` and `CASE` without `END`, in the body of a trigger or function.
    blocks: usize,
    previous: String,
    is_compound: bool,
}

impl Scanner<'_> {
    fn is_mysql(&self) -> bool {
        matches!(self.engine, Engine::MySql | Engine::MariaDb)
    }

    fn error<T>(&self, at: usize, cause: impl Into<String>) -> Result<T, ScriptError> {
        Err(ScriptError { line: self.line(at), cause: cause.into() })
    }

    fn line(&self, at: usize) -> usize {
        1 + self.bytes[..at].iter().filter(|byte| **byte == b'\n').count()
    }

    fn starts(&self, with: &str) -> bool {
        self.bytes[self.at..].starts_with(with.as_bytes())
    }

    fn run(&mut self) -> Result<(), ScriptError> {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            match byte {
                b'-' if self.is_line_comment() => self.skip_line(),
                b'#' if self.is_mysql() => self.skip_line(),
                b'/' if self.starts("/*") => self.skip_comment()?,
                byte if byte.is_ascii_whitespace() => self.at += 1,
                b';' => self.semicolon(),
                byte => {
                    if self.open.start.is_none() {
                        self.refuse_client_commands(byte)?;
                        self.open.start = Some(self.at);
                    }
                    self.token(byte)?;
                }
            }
        }
        if let Some(start) = self.open.start {
            if self.open.blocks > 0 {
                return self.error(start, "BEGIN without END in the statement");
            }
            if self.open.parentheses > 0 {
                return self.error(start, "unclosed parenthesis in the statement");
            }
            self.end_statement();
        }
        Ok(())
    }

    /// Returns whether a line comment starts here. MySQL requires a space after the two dashes.
    fn is_line_comment(&self) -> bool {
        self.starts("--")
            && (!self.is_mysql() || self.bytes.get(self.at + 2).is_none_or(u8::is_ascii_whitespace))
    }

    fn skip_line(&mut self) {
        self.at += self.bytes[self.at..]
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(self.bytes.len() - self.at);
    }

    fn skip_comment(&mut self) -> Result<(), ScriptError> {
        let start = self.at;
        // MySQL executes versioned comments.
        if self.is_mysql()
            && (self.starts("/*!") || self.starts("/*M!"))
            && self.open.start.is_none()
        {
            self.open.start = Some(start);
        }
        self.at += 2;
        let mut depth = 1;
        while depth > 0 {
            if self.at >= self.bytes.len() {
                return self.error(start, "unclosed comment");
            }
            if self.starts("*/") {
                depth -= 1;
                self.at += 2;
            } else if self.engine == Engine::PostgreSql && self.starts("/*") {
                depth += 1;
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
        Ok(())
    }

    /// Rejects commands of a client, which servers do not support.
    fn refuse_client_commands(&self, byte: u8) -> Result<(), ScriptError> {
        let word: String = self.bytes[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .map(|byte| byte.to_ascii_uppercase() as char)
            .collect();
        if self.is_mysql() && word == "DELIMITER" {
            return self.error(
                self.at,
                "DELIMITER is a command of the mysql client and is not needed here: bodies between \
                 BEGIN and END are recognized; remove it, and end statements with a semicolon",
            );
        }
        if self.engine == Engine::PostgreSql && byte == b'\\' {
            return self.error(self.at, "backslash commands only work in psql; use SQL");
        }
        if self.engine == Engine::Sqlite && byte == b'.' {
            return self.error(self.at, "dot commands only work in the sqlite3 client; use SQL");
        }
        Ok(())
    }

    /// Scans a token of a statement: a string, a name, a word, or a symbol.
    fn token(&mut self, byte: u8) -> Result<(), ScriptError> {
        match byte {
            b'\'' => self.quoted(b'\'', self.is_mysql() || self.has_escape_prefix()),
            b'"' => self.quoted(b'"', self.is_mysql()),
            b'`' if self.engine != Engine::PostgreSql => self.quoted(b'`', false),
            b'[' if self.engine == Engine::Sqlite => self.quoted(b']', false),
            b'$' if self.engine == Engine::PostgreSql && !self.follows_word() => self.dollar(),
            b'(' => {
                self.open.parentheses += 1;
                self.symbol()
            }
            b')' => {
                self.open.parentheses = self.open.parentheses.saturating_sub(1);
                self.symbol()
            }
            byte if is_word_start(byte) => {
                self.word();
                Ok(())
            }
            _ => self.symbol(),
        }
    }

    fn symbol(&mut self) -> Result<(), ScriptError> {
        self.at += 1;
        self.open.previous.clear();
        Ok(())
    }

    fn follows_word(&self) -> bool {
        self.at > 0 && is_word_part(self.bytes[self.at - 1])
    }

    /// Returns whether the quote starts an escape string of PostgreSQL: `E'...'`.
    fn has_escape_prefix(&self) -> bool {
        self.engine == Engine::PostgreSql
            && self.at > 0
            && matches!(self.bytes[self.at - 1], b'e' | b'E')
            && (self.at < 2 || !is_word_part(self.bytes[self.at - 2]))
    }

    /// Scans up to the closing quote. A doubled quote is part of the string.
    fn quoted(&mut self, close: u8, has_escapes: bool) -> Result<(), ScriptError> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.at += 1;
            if byte == b'\\' && has_escapes {
                self.at += 1;
            } else if byte == close {
                if self.bytes.get(self.at) == Some(&close) && close != b']' {
                    self.at += 1;
                } else {
                    self.open.previous.clear();
                    return Ok(());
                }
            }
        }
        self.error(start, "unclosed quote")
    }

    /// Scans a dollar-quoted string of PostgreSQL: `$tag$ ... $tag$`.
    fn dollar(&mut self) -> Result<(), ScriptError> {
        let start = self.at;
        let length = self.bytes[start + 1..]
            .iter()
            .take_while(|byte| is_word_part(**byte) && **byte != b'$')
            .count();
        let end = start + 1 + length;
        let is_tag = self.bytes.get(end) == Some(&b'$')
            && !self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit);
        if !is_tag {
            return self.symbol();
        }
        let tag = &self.text[start..=end];
        let Some(close) = self.text[end + 1..].find(tag) else {
            return self.error(start, format!("unclosed string that starts with {tag}"));
        };
        self.at = end + 1 + close + tag.len();
        self.open.previous.clear();
        Ok(())
    }

    fn word(&mut self) {
        let start = self.at;
        let length = self.bytes[start..].iter().take_while(|byte| is_word_part(**byte)).count();
        self.at += length;
        // A qualified name is not a keyword: a column may be named `end`.
        let is_qualified = start > 0 && self.bytes[start - 1] == b'.';
        if is_qualified {
            self.open.previous.clear();
            return;
        }
        let word = self.text[start..self.at].to_uppercase();
        self.follow_blocks(&word);
        if self.open.words.len() < WORDS {
            self.open.words.push(word.clone());
        }
        self.open.previous = word;
    }

    /// Tracks the nesting of blocks in the body of a trigger, procedure, function or event.
    fn follow_blocks(&mut self, word: &str) {
        if !self.may_have_body() {
            return;
        }
        let open = &mut self.open;
        let after_end = open.previous == "END";
        let begins = match self.engine {
            Engine::PostgreSql => word == "ATOMIC" && open.previous == "BEGIN",
            _ => word == "BEGIN",
        };
        if after_end && matches!(word, "IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR") {
            // `END IF` and the like close blocks that were not counted, so this undoes the
            // decrement of their END.
            open.blocks += 1;
        } else if begins || (word == "CASE" && open.blocks > 0 && !after_end) {
            open.blocks += 1;
        } else if word == "END" {
            open.blocks = open.blocks.saturating_sub(1);
        }
    }

    fn may_have_body(&self) -> bool {
        let words = &self.open.words;
        if words.first().is_none_or(|word| word != "CREATE") {
            return false;
        }
        let object = words.iter().find(|word| {
            matches!(
                word.as_str(),
                "TABLE"
                    | "INDEX"
                    | "VIEW"
                    | "DATABASE"
                    | "SCHEMA"
                    | "TRIGGER"
                    | "PROCEDURE"
                    | "FUNCTION"
                    | "EVENT"
            )
        });
        let object = object.map(String::as_str).unwrap_or_default();
        match self.engine {
            Engine::Sqlite => object == "TRIGGER",
            Engine::PostgreSql => matches!(object, "PROCEDURE" | "FUNCTION"),
            Engine::MySql | Engine::MariaDb => {
                matches!(object, "TRIGGER" | "PROCEDURE" | "FUNCTION" | "EVENT")
            }
        }
    }

    fn semicolon(&mut self) {
        if self.open.parentheses > 0 || self.open.blocks > 0 {
            self.open.is_compound = true;
            self.open.previous.clear();
            self.at += 1;
            return;
        }
        self.end_statement();
        self.at += 1;
    }

    fn end_statement(&mut self) {
        let open = std::mem::take(&mut self.open);
        if let Some(start) = open.start {
            let text = self.text[start..self.at].trim_end().to_owned();
            let line = self.line(start);
            self.found.push(Statement {
                text,
                line,
                words: open.words,
                is_compound: open.is_compound,
            });
        }
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

#[cfg(test)]
#[path = "statements_tests.rs"]
mod tests;
