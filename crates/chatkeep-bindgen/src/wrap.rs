//! Line breaks.

/// Breaks a text with single spaces into lines of at most `width` characters, and not inside of
/// code.
pub(crate) fn lines(text: &str, width: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_code = false;
    for part in text.split(' ') {
        match words.last_mut().filter(|_| is_code) {
            Some(code) => *code += &format!(" {part}"),
            None => words.push(part.to_owned()),
        }
        // Code is in double backticks in Python, and in single ones in Markdown.
        is_code ^= part.replace("``", "`").matches('`').count() % 2 == 1;
    }
    let mut lines = vec![String::new()];
    for word in words {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            *line = word;
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            *line += &format!(" {word}");
        } else {
            lines.push(word);
        }
    }
    lines
}
