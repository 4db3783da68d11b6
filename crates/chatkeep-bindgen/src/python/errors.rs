//! The module `chatkeep.errors`: the base class, and one class per kind of error.

use chatkeep::{ERROR_KINDS, KindDescription};

use super::HEADER;
use super::docstring::Docstring;
use super::spelling::text;

const FIRST: &str = include_str!("errors/first.py");
const INVALID_TYPE: &str = include_str!("errors/invalid_type.py");
const SCHEMA: &str = include_str!("errors/schema.py");
const LAST: &str = include_str!("errors/last.py");

/// Classes that do not represent one kind of error.
pub(super) const OTHERS: [&str; 2] = ["Error", "InvalidTypeError"];

/// Arguments of `Error`, which a class with its own constructor documents again.
const ARGUMENTS: [(&str, &str, &str); 4] = [
    ("message", "str", "Description of the error."),
    ("field", "str | None", "Invalid argument or setting."),
    ("retryable", "bool", "Whether the same call may succeed later."),
    ("operation", "str | None", "Call that failed."),
];

/// Members of a class that only Python has.
#[derive(Default)]
struct Special {
    /// Sentence for the documentation.
    documentation: Option<&'static str>,
    /// Arguments of the constructor, besides those of `Error`.
    arguments: &'static [(&'static str, &'static str, &'static str)],
    /// Code of the members.
    members: &'static str,
    /// Code of a class that derives from it.
    derived: &'static str,
}

fn special(kind: &str) -> Special {
    let none = Special::default();
    match kind {
        "InvalidInput" => Special { derived: INVALID_TYPE, ..none },
        "StorageFull" => Special {
            documentation: Some("``errno`` is ``ENOSPC``."),
            members: "    errno = _errno.ENOSPC\n",
            ..none
        },
        "ReadOnly" => Special {
            documentation: Some("``errno`` is ``EROFS``."),
            members: "    errno = _errno.EROFS\n",
            ..none
        },
        "Schema" => Special {
            documentation: Some("The message names the command to run."),
            arguments: &[("state", "SchemaErrorState | None", "State of the schema.")],
            members: SCHEMA,
            ..none
        },
        "Interrupted" => Special {
            documentation: Some(
                "It is the cause of the ``KeyboardInterrupt`` that a signal raises.",
            ),
            ..none
        },
        _ => none,
    }
}

/// Renders the module.
pub(super) fn module() -> String {
    let classes: String = ERROR_KINDS.iter().map(class).collect();
    format!("{HEADER}{FIRST}{classes}\n\n{LAST}")
}

fn class(kind: &KindDescription) -> String {
    let KindDescription { name, exception, builtin, .. } = kind;
    let special = special(name);
    let entry = |(name, ty, text): &(&str, &str, &str)| {
        ((*name).to_owned(), (*ty).to_owned(), (*text).to_owned())
    };
    let inherited = ARGUMENTS.iter().filter(|_| !special.arguments.is_empty());
    let documentation = Docstring {
        summary: text(kind.documentation, ""),
        paragraphs: special.documentation.map(str::to_owned).into_iter().collect(),
        arguments: inherited.chain(special.arguments).map(entry).collect(),
        ..Docstring::default()
    };
    let derived = match special.derived {
        "" => String::new(),
        class => format!("\n\n{class}"),
    };
    format!(
        "\n\nclass {exception}(Error, {builtin}):\n{}\n    kind = {name:?}\n{}{derived}",
        documentation.render(4),
        special.members,
    )
}
