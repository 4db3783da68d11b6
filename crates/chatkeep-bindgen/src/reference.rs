//! Pages of the guide: the operations and types, in the words of every language.

use std::fmt::Write as _;

use chatkeep_core::described::{DefaultValue, Field};

use crate::api::type_name;
use crate::documentation::Documentation;
use crate::names::{Spelling, camel, pascal, spell};
use crate::output::Output;
use crate::surface::{Described, Interface, Surface};
use crate::wrap::lines;

const NOTE: &str = "<!-- Made by `make generate` from crates/chatkeep. Do not edit. -->";

/// Adds the pages.
pub(crate) fn render(surface: &Surface, output: &mut Output) {
    for interface in surface.managers() {
        let path = format!("docs/src/reference/{}.md", interface.name);
        output.add(path, wrapped(&page(interface, &Pages { surface, class: interface.class })));
    }
    let types = types(surface, &Pages { surface, class: "" });
    output.add("docs/src/reference/types.md", wrapped(&types));
    output.add_part("docs/src/SUMMARY.md", "operations", summary(surface));
}

/// Breaks the lines of paragraphs and lists. The rows of a table have one line each.
fn wrapped(page: &str) -> String {
    let mut out = String::new();
    for line in page.lines() {
        let indent = if line.starts_with("- ") { "  " } else { "" };
        let width = if line.starts_with(['|', '#', '<']) { usize::MAX } else { 110 - indent.len() };
        out += &lines(line, width).join(&format!("\n{indent}"));
        out.push('\n');
    }
    out
}

/// Returns the entries of the pages in the table of contents.
fn summary(surface: &Surface) -> String {
    let mut out = String::new();
    for (index, interface) in surface.managers().enumerate() {
        let (start, title) = match index {
            0 => ("-", format!("Operations: {}", interface.name)),
            _ => ("  -", title(interface.name)),
        };
        let _ = writeln!(out, "{start} [{title}](reference/{}.md)", interface.name);
    }
    out + "  - [Types](reference/types.md)\n"
}

/// Links between the pages.
struct Pages<'a> {
    surface: &'a Surface,
    /// Class of the documented operations.
    class: &'a str,
}

impl Spelling for Pages<'_> {
    fn method(&self, class: &str, method: &str) -> String {
        let class = if class.is_empty() { self.class } else { class };
        match self.surface.managers().find(|interface| interface.class == class) {
            Some(interface) => format!("[`{method}`]({}.md#{method})", interface.name),
            None => format!("`{class}.{method}`"),
        }
    }

    fn code(&self, code: &str) -> String {
        format!("`{code}`")
    }
}

fn page(interface: &Interface, pages: &Pages<'_>) -> String {
    let mut out = format!("# {}\n\n{NOTE}\n\n", title(interface.name));
    text(&mut out, &interface.documentation, pages);
    let _ = writeln!(
        out,
        "The operations have these names in snake case in Python, Rust and `chatkeep call`, in camel case in \
         Node, and in Pascal case in Go. In Rust, parameters are grouped in structs such as `Page`.\n",
    );
    for described in &interface.operations {
        operation(&mut out, interface, described, pages);
    }
    out.trim_end().to_owned() + "\n"
}

/// Returns the title of a page: `Shared links` of `shared_links`.
fn title(name: &str) -> String {
    pascal(&name.replace('_', " "))
}

fn text(out: &mut String, documentation: &Documentation, pages: &Pages<'_>) {
    let _ = writeln!(out, "{}\n", spell(&documentation.summary, pages));
    for paragraph in &documentation.paragraphs {
        let _ = writeln!(out, "{}\n", spell(paragraph, pages));
    }
}

fn operation(out: &mut String, interface: &Interface, described: &Described, pages: &Pages<'_>) {
    let name = described.operation.name;
    let _ = writeln!(out, "## {name}\n");
    text(out, &described.documentation, pages);
    let manager = interface.attribute();
    let _ = writeln!(
        out,
        "Python `{manager}.{name}`, Node `{}.{}`, Rust `{}().{}`.\n",
        camel(&manager),
        camel(name),
        interface.name,
        if described.operation.source == "export_text" { name } else { described.operation.source },
    );
    if !described.parameters.is_empty() {
        out.push_str("| argument | type | default | description |\n|---|---|---|---|\n");
        for (_, field) in &described.parameters {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} |",
                field.name,
                type_link(&type_name(&field.ty)),
                default(field),
                on_one_line(&spell(field.documentation, pages)),
            );
        }
        out.push('\n');
    }
    let returns = type_name(&described.operation.returns);
    let result = described.documentation.returns.as_deref().map(|text| spell(text, pages));
    match (returns.as_str(), result) {
        ("nothing", _) => {}
        (_, Some(text)) => drop(writeln!(out, "**Returns** {}: {text}\n", type_link(&returns))),
        (_, None) => drop(writeln!(out, "**Returns** {}.\n", type_link(&returns))),
    }
    if !described.documentation.errors.is_empty() {
        out.push_str("**Errors**\n\n");
        for (kinds, cause) in &described.documentation.errors {
            let _ = writeln!(out, "- `{}`: {}", kinds.join("`, `"), spell(cause, pages));
        }
        out.push('\n');
    }
}

fn types(surface: &Surface, pages: &Pages<'_>) -> String {
    let mut out = format!("# Types\n\n{NOTE}\n\n");
    out.push_str(
        "Names of fields are in camel case in Node and in Pascal case in Go. A `?` marks a value that may be \
         missing: `None`, `null` or `nil`. An integer is exact in every language. Beyond 2^53, a wide or huge \
         integer is a `bigint` in Node; a huge one is a `*big.Int` in Go. A timestamp is ISO 8601 text with an offset in Python, a `Date` in Node, and a \
         `time.Time` in Go. Binary data (bytes) is `bytes` in Python, a `Buffer` in Node, and a `[]byte` in \
         Go. In JSON, which C and `chatkeep call` use, it is base64 text.\n\n",
    );
    for record in surface.records.values() {
        let _ = writeln!(out, "## {}\n", record.name);
        text(&mut out, &Documentation::parse(record.documentation), pages);
        out.push_str("| field | type | description |\n|---|---|---|\n");
        for field in record.fields {
            let documentation = on_one_line(&spell(field.documentation, pages));
            let _ = writeln!(
                out,
                "| `{}` | {} | {documentation} |",
                field.name,
                type_link(&type_name(&field.ty)),
            );
        }
        out.push('\n');
    }
    for described in surface.enums.values() {
        let _ = writeln!(out, "## {}\n", described.name);
        text(&mut out, &Documentation::parse(described.documentation), pages);
        out.push_str("| value | meaning |\n|---|---|\n");
        for variant in described.variants {
            let documentation = on_one_line(&spell(variant.documentation, pages));
            let _ = writeln!(out, "| `{}` | {documentation} |", variant.name);
        }
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

/// Links the record or enum in a type's name.
fn type_link(name: &str) -> String {
    let Some(start) = name.find(char::is_uppercase) else {
        return name.replace('<', " of ").replace('>', "");
    };
    let end =
        name[start..].find(|c: char| !c.is_alphanumeric()).map_or(name.len(), |end| start + end);
    let (before, linked, after) = (&name[..start], &name[start..end], &name[end..]);
    let anchor = linked.to_lowercase();
    format!(
        "{}[{linked}](types.md#{anchor}){}",
        before.replace('<', " of "),
        after.replace('>', ""),
    )
}

fn default(field: &Field) -> String {
    match field.default {
        DefaultValue::Required => "required".to_owned(),
        DefaultValue::Bool(value) => format!("`{value}`"),
        DefaultValue::Integer(value) => value.to_string(),
        DefaultValue::Float(value) => value.to_string(),
        DefaultValue::Text("") => "`\"\"`".to_owned(),
        DefaultValue::Text(value) => format!("`{value}`"),
        _ => String::new(),
    }
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
