//! Display of stored text on a terminal: shortened to a width, with control characters escaped.

use std::borrow::Cow;
use std::fmt::Write as _;

use chatkeep::Timestamp;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::style::{self, END_MARK, MARKS};

/// Maximum number of characters per column, which limits sequences of combining marks.
const CHARACTERS_PER_COLUMN: usize = 16;

/// Returns the width of a text on a terminal, in columns.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Converts a text to one line.
///
/// Runs of whitespace become one space, and control characters are escaped (`\u{1b}`). The result
/// is only slightly longer than `columns`, for any text; [`shorten`] cuts exactly.
pub(crate) fn visible_line(text: &str, columns: usize) -> String {
    let max_characters = columns.saturating_add(1).saturating_mul(CHARACTERS_PER_COLUMN);
    let mut out = String::new();
    let mut space = false;
    for (n, c) in text.trim_start().chars().enumerate() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        push_visible(&mut out, c);
        // Measured every 64 characters, as measuring after each one would be quadratic.
        if n >= max_characters || (out.len() > columns && n % 64 == 0 && width(&out) > columns) {
            break;
        }
    }
    out
}

/// Escapes the control characters of a text, except line breaks and tabs.
pub(crate) fn visible_block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if characters.peek() == Some(&'\n') => {}
            // Removes marks as well.
            c => push_visible(&mut out, c),
        }
    }
    out
}

fn push_visible(out: &mut String, c: char) {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if c.is_control() || reorders || breaks {
        let _ = write!(out, "{}", c.escape_unicode());
    } else if !MARKS.contains(&c) {
        out.push(c);
    }
}

/// Formats a time as `2023-09-23 21:02`.
pub(crate) fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// Wraps the lines of a text that [`visible_block`] returned to this many columns, and indents each
/// line.
///
/// Lines are broken between words, in languages without spaces between characters, and never inside
/// a grapheme. The lines after a break have the indentation of the first.
pub(crate) fn wrap(text: &str, columns: usize, indent: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let line = line.trim_end().replace('\t', "    ");
        let hanging = &line[..line.len() - line.trim_start().len()];
        // An indentation that leaves no space for text is not repeated.
        let hanging = if width(hanging) * 2 > columns { "" } else { hanging };
        let available = columns.saturating_sub(width(indent) + width(hanging)).max(8);
        let mut current = String::new();
        let mut flush = |current: &mut String, is_first: bool| {
            let shown = if is_first { current.trim_end() } else { current.trim() };
            if !shown.is_empty() {
                out.push_str(indent);
                out.push_str(if is_first { "" } else { hanging });
                out.push_str(shown);
            }
            out.push('\n');
            current.clear();
        };
        let mut limit = available + width(hanging);
        let mut is_first = true;
        for piece in pieces(&line, available) {
            if width(&current) + width(piece.trim_end()) > limit && !current.is_empty() {
                flush(&mut current, is_first);
                (is_first, limit) = (false, available);
            }
            if !(current.is_empty() && !is_first && piece.trim().is_empty()) {
                current.push_str(piece);
            }
        }
        flush(&mut current, is_first);
    }
    out
}

/// Splits a line where it may be broken: into words, each with the punctuation after it. Words that
/// are longer than a line are split into graphemes.
fn pieces(line: &str, columns: usize) -> Vec<&str> {
    let mut pieces: Vec<&str> = Vec::new();
    let mut start = 0;
    for (at, word) in line.split_word_bound_indices() {
        let begins_word =
            word.chars().next().is_some_and(|c| c.is_alphanumeric() || c.is_whitespace());
        let after_blank = line[start..at].ends_with(char::is_whitespace);
        if at > start && (begins_word || after_blank) {
            pieces.push(&line[start..at]);
            start = at;
        }
    }
    pieces.push(&line[start..]);
    let split = pieces.into_iter().flat_map(|piece| {
        if width(piece) > columns { piece.graphemes(true).collect() } else { vec![piece] }
    });
    split.collect()
}

/// Escapes control characters that JSON allows unescaped (DEL and C1), and the line separators
/// U+0085, U+2028 and U+2029. In JSON they occur only inside strings.
pub(crate) fn safe_json(text: String) -> String {
    let is_control = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}');
    if !text.contains(is_control) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_control(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Shortens a line to this many columns at a grapheme boundary, and appends `ellipsis`.
pub(crate) fn shorten<'a>(line: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    let max_characters = columns.saturating_mul(CHARACTERS_PER_COLUMN);
    if width(line) <= columns && line.len() <= max_characters.saturating_mul(4) {
        return Cow::Borrowed(line);
    }
    let available = columns.saturating_sub(width(ellipsis));
    let mut out = String::new();
    let (mut used, mut open) = (0, 0_usize);
    for grapheme in line.graphemes(true) {
        used += width(grapheme);
        if used > available || out.len() + grapheme.len() > max_characters * 4 {
            break;
        }
        for mark in grapheme.chars().filter(|c| MARKS.contains(c)) {
            open = if mark == END_MARK { open.saturating_sub(1) } else { open + 1 };
        }
        out.push_str(grapheme);
    }
    out.truncate(out.trim_end().len());
    if columns > 0 {
        out.push_str(ellipsis);
    }
    out.extend(std::iter::repeat_n(END_MARK, open));
    Cow::Owned(out)
}

/// Returns one line of `text` around the first case-insensitive match of `query`, which is marked.
/// `None` if there is no match.
pub(crate) fn excerpt(text: &str, query: &str, columns: usize, ellipsis: &str) -> Option<String> {
    let (start, end) = find_ignoring_case(text, query)?;
    let found = visible_line(&text[start..end], columns);
    // At most a third of the line shows the text before the match.
    let ahead = columns.saturating_sub(width(&found).min(columns)) / 3;
    let whole = visible_line(&text[..start], columns);
    let begins_with_blank = |text: &str| text.starts_with(char::is_whitespace);
    let mut before = if width(&whole) <= ahead.max(columns / 3) {
        whole
    } else {
        let from = text[..start].char_indices().rev().nth(ahead).map_or(0, |(at, _)| at);
        // Start at a word boundary if there is one.
        let from = text[from..start]
            .trim_end()
            .find(char::is_whitespace)
            .map_or(from, |blank| from + blank);
        format!("{ellipsis}{}", visible_line(&text[from..start], columns))
    };
    if text[..start].ends_with(char::is_whitespace) && !before.is_empty() {
        before.push(' ');
    }
    let after = visible_line(&text[end..], columns);
    let gap = if begins_with_blank(&text[end..]) && !after.is_empty() { " " } else { "" };
    Some(format!("{before}{}{gap}{after}", style::hit(&found)))
}

/// Finds `query` in `text`, comparing characters in lower case. Returns the byte range.
fn find_ignoring_case(text: &str, query: &str) -> Option<(usize, usize)> {
    let wanted: Vec<char> = query.chars().flat_map(char::to_lowercase).collect();
    if wanted.is_empty() {
        return None;
    }
    text.char_indices().find_map(|(start, _)| {
        let mut left = wanted.as_slice();
        for (at, c) in text[start..].char_indices() {
            for lower in c.to_lowercase() {
                match left.split_first() {
                    Some((first, rest)) if *first == lower => left = rest,
                    _ => return None,
                }
            }
            if left.is_empty() {
                return Some((start, start + at + c.len_utf8()));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_no_line_breaks_or_control_characters() {
        assert_eq!(
            visible_line("  one\r\n\ttwo \u{1b}[31mred\u{7}\u{9b}2J", 80),
            "one two \\u{1b}[31mred\\u{7}\\u{9b}2J"
        );
        assert_eq!(visible_line("abc\u{202e}fdp.exe", 80), "abc\\u{202e}fdp.exe");
    }

    #[test]
    fn marks_in_stored_text_are_removed() {
        assert_eq!(visible_line("a\u{2064}b\u{2061}c", 80), "abc");
        assert_eq!(visible_block("a\u{2064}b"), "ab");
    }

    #[test]
    fn blocks_keep_their_lines() {
        assert_eq!(visible_block("one\r\n\ttwo\rthree\u{0}"), "one\n\ttwo\\u{d}three\\u{0}");
    }

    #[test]
    fn long_lines_are_wrapped_between_words() {
        let text = "a write-ahead log\n\n  - an indented item\nend";
        let expected = "  a write-ahead\n  log\n\n    - an\n    indented\n    item\n  end\n";
        assert_eq!(wrap(text, 15, "  "), expected);
        let code = "        return deeply(indented, code)";
        assert_eq!(wrap(code, 80, ""), format!("{code}\n"));
    }

    #[test]
    fn chinese_text_and_long_words_are_wrapped_at_the_width() {
        let text = "预写日志是一种数据库技术，先写日志。";
        let wrapped = wrap(text, 16, "  ");
        assert!(wrapped.lines().all(|line| width(line) <= 16), "{wrapped}");
        assert!(wrapped.lines().all(|line| !line.trim_start().starts_with('，')), "{wrapped}");
        assert_eq!(wrapped.replace([' ', '\n'], ""), text);
        let wrapped = wrap(&"x".repeat(100), 40, "");
        assert_eq!(wrapped.lines().map(width).collect::<Vec<_>>(), [40, 40, 20]);
        let family = "👨‍👩‍👧‍👦".repeat(30);
        assert!(wrap(&family, 40, "").lines().all(|line| line.ends_with("👦")));
    }

    #[test]
    fn joined_emoji_are_not_split() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(visible_line(family, 80), family);
        assert_eq!(shorten("ab👨‍👩‍👧‍👦cd", 4, "…"), "ab…");
        assert_eq!(shorten("ab👨‍👩‍👧‍👦cd", 5, "…"), "ab👨‍👩‍👧‍👦…");
        assert_eq!(shorten("日本語です", 6, "…"), "日本…");
    }

    #[test]
    fn long_lines_are_cut_at_the_width() {
        assert_eq!(shorten("12345", 5, "…"), "12345");
        assert_eq!(shorten("123456", 5, "…"), "1234…");
        assert_eq!(shorten("123456", 5, "..."), "12...");
        assert_eq!(shorten("one two three", 8, "…"), "one two…");
        assert_eq!(shorten("123456", 0, "…"), "");
    }

    #[test]
    fn shortened_lines_close_their_styles() {
        let cut = shorten(&style::dim("a long line of text"), 7, "…").into_owned();
        assert_eq!(width(&cut), 7);
        assert_eq!(style::paint(&cut, true), "\u{1b}[2ma long…\u{1b}[0m");
    }

    #[test]
    fn combining_marks_and_long_texts_are_limited() {
        let pile = format!("e{}", "\u{301}".repeat(100_000));
        assert!(shorten(&visible_line(&pile, 20), 20, "…").len() < 2_000);
        assert!(visible_line(&"x".repeat(10_000_000), 40).len() < 1_000);
    }

    #[test]
    fn excerpts_show_the_match() {
        let text = format!("{} the Needle in it {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown = style::paint(
            &shorten(&excerpt(&text, "nEEdle", 40, "…").expect("found"), 40, "…"),
            false,
        );
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.contains(" the Needle in it "),
            "{shown}"
        );
        assert_eq!(width(&shown), 40);
        assert_eq!(
            style::paint(&excerpt("a Needle", "needle", 40, "…").expect("found"), false),
            "a Needle"
        );
        assert_eq!(excerpt("hay", "needle", 40, "…"), None);
    }

    #[test]
    fn matches_may_change_length_in_lower_case() {
        assert_eq!(find_ignoring_case("xİstanbul", "i\u{307}st"), Some((1, 5)));
        assert_eq!(find_ignoring_case("STRASSE", "asse"), Some((3, 7)));
        assert_eq!(find_ignoring_case("anything", ""), None);
    }

    #[test]
    fn json_is_equivalent_without_raw_control_characters() {
        let text = safe_json(serde_json::to_string("a\u{9b}b\u{7f}é").expect("JSON"));
        assert_eq!(text, r#""a\u009bb\u007fé""#);
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), "a\u{9b}b\u{7f}é");
        let lines = "a\u{85}b\u{2028}c\u{2029}d";
        let text = safe_json(serde_json::to_string(lines).expect("JSON"));
        assert_eq!(text, r#""a\u0085b\u2028c\u2029d""#);
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), lines);
    }
}
