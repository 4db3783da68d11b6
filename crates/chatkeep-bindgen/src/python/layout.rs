//! Line breaks as `ruff format` makes them.

use crate::wrap::lines;

/// Maximum length of a line.
pub(super) const WIDTH: usize = 100;

/// Writes a bracketed list: on one line, else its items on one line, else one item per line.
pub(super) fn bracketed(indent: usize, head: &str, items: &[String], tail: &str) -> String {
    let margin = " ".repeat(indent);
    let joined = items.join(", ");
    if indent + head.chars().count() + joined.chars().count() + tail.len() <= WIDTH {
        return format!("{margin}{head}{joined}{tail}\n");
    }
    if indent + 4 + joined.chars().count() <= WIDTH {
        return format!("{margin}{head}\n{margin}    {joined}\n{margin}{tail}\n");
    }
    let lines: String = items.iter().map(|item| line(indent + 4, item)).collect();
    format!("{margin}{head}\n{lines}{margin}{tail}\n")
}

/// Writes an item on one line, or a tuple that is too long with one element per line.
fn line(indent: usize, item: &str) -> String {
    let margin = " ".repeat(indent);
    let elements = item.strip_prefix('(').and_then(|item| item.strip_suffix(')'));
    match elements {
        Some(elements) if indent + item.chars().count() + 1 > WIDTH => {
            let lines: String =
                elements.split(", ").map(|element| format!("{margin}    {element},\n")).collect();
            format!("{margin}(\n{lines}{margin}),\n")
        }
        _ => format!("{margin}{item},\n"),
    }
}

/// Writes a tuple or a list: on one line, else one item per line.
pub(super) fn one_per_line(head: &str, items: &[String], tail: &str) -> String {
    let margin = &head[..head.len() - head.trim_start().len()];
    let joined = items.join(", ");
    if head.chars().count() + joined.chars().count() + tail.len() <= WIDTH {
        return format!("{head}{joined}{tail}\n");
    }
    let lines: String = items.iter().map(|item| format!("{margin}    {item},\n")).collect();
    format!("{head}\n{lines}{margin}{tail}\n")
}

/// Writes an import: on one line, else one name per line.
pub(super) fn import(indent: usize, module: &str, names: &[&str]) -> String {
    let margin = " ".repeat(indent);
    let line = format!("{margin}from {module} import {}", names.join(", "));
    if line.len() <= WIDTH {
        return line + "\n";
    }
    let names: String = names.iter().map(|name| format!("{margin}    {name},\n")).collect();
    format!("{margin}from {module} import (\n{names}{margin})\n")
}

/// Indents a text, and breaks it into lines. Lines after the first are indented by `hanging`.
pub(super) fn wrap(text: &str, indent: usize, hanging: usize) -> String {
    let first = lines(text, WIDTH - indent).swap_remove(0);
    let others = lines(text[first.len()..].trim_start(), WIDTH - hanging);
    let mut out = format!("{}{first}\n", " ".repeat(indent));
    for line in others.iter().filter(|line| !line.is_empty()) {
        out.push_str(&format!("{}{line}\n", " ".repeat(hanging)));
    }
    out
}
