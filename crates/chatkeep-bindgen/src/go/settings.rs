//! Options of a store, one for each setting.

use chatkeep::{Range, SETTINGS};

use super::comment::{Comment, continued};
use super::names::{Go, exported};
use crate::names::spell;

/// Returns the file.
pub(crate) fn file() -> String {
    let functions: Vec<_> = SETTINGS
        .iter()
        .map(|setting| {
            let name = format!("With{}", exported(setting.name));
            let (ty, value) = match setting.range {
                Range::Seconds(_) => ("time.Duration", "value.Seconds()"),
                Range::Switch => ("bool", "value"),
                Range::Secret(_) => ("string", "value"),
                _ => ("int", "value"),
            };
            let text = continued(spell(setting.documentation, &Go::default()).trim());
            let article = if text.starts_with("whether") || text.starts_with("how") { "" } else { "the " };
            let mut comment = Comment::new("");
            comment.paragraph(&format!("{name} sets {article}{text}"));
            comment.paragraph(&format!(
                "Without it, {} is read from the environment; the default is {}.",
                setting.variable, setting.default
            ));
            format!(
                "{}func {name}(value {ty}) Option {{\n\treturn Option{{\"{}\", \"{name}\", {value}}}\n}}\n",
                comment.finish(),
                setting.name
            )
        })
        .collect();
    super::file(&functions.join("\n"))
}
