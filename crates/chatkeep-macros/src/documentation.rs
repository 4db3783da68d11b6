//! Documentation comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Returns the text of the documentation comments, without code examples: these are in Rust.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for line in without_examples(attributes.iter().filter_map(line)) {
        text.push_str(line.strip_prefix(' ').unwrap_or(&line));
        text.push('\n');
    }
    text.trim().to_owned()
}

/// Returns the documentation comments without code examples, one per line.
pub(crate) fn lines(attributes: &[Attribute]) -> Vec<String> {
    without_examples(attributes.iter().filter_map(line)).collect()
}

fn without_examples(lines: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut in_example = false;
    lines.filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_example ^= is_fence;
        !in_example && !is_fence
    })
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    if !pair.path.is_ident("doc") {
        return None;
    }
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
