//! Classes.

use chatkeep::operation::Form;
use chatkeep_core::described::{Placement, Type};

use super::docstring::Docstring;
use super::examples::Examples;
use super::layout::{bracketed, import};
use super::spelling::{Use, default, documented_hint, exception, hint, sentence, text};
use super::{Face, HEADER, settings};
use crate::documentation::first_sentence;
use crate::surface::{Described, Interface, Surface};

/// Classes with a base of their own, for members that are not operations.
const BASES: [(&str, &str); 4] = [
    ("MessageLogger", "MessageLoggerBase"),
    ("DatabaseManager", "DatabaseManagerBase"),
    ("TaskManager", "TaskManagerBase"),
    (STORE, "ChatkeepBase"),
];
/// The class whose constructor takes the settings.
const STORE: &str = "Chatkeep";
/// Operations whose result may be cached. The awaited form returns it without a future.
const CACHED: [(&str, &str); 2] = [("tokens", "verify_token"), ("tokens", "check_token")];
/// Operations that return an iterator, with the type of its items.
const ITERATORS: [(&str, &str); 1] = [("iter_messages", "Message")];

/// Types of other modules that signatures may contain.
const IMPORTS: [(&str, &[&str]); 3] = [
    ("collections.abc", &["AsyncIterator", "Iterable", "Mapping"]),
    ("os", &["PathLike"]),
    ("typing", &["Any"]),
];

/// A module with the class of an interface.
struct Module<'a> {
    surface: &'a Surface,
    interface: &'a Interface,
    face: Face,
    examples: Examples,
    /// The type hints, which determine the imports.
    hints: String,
}

/// Renders the module with the class of an interface.
pub(super) fn module(surface: &Surface, interface: &Interface, face: Face) -> String {
    let examples = Examples::read(interface.name);
    let mut module = Module { surface, interface, face, examples, hints: String::new() };
    let class = module.class();
    module.imports() + &class
}

impl Module<'_> {
    /// Renders everything before the class.
    fn imports(&self) -> String {
        let class = self.interface.class;
        let is_used = |name: &&str| {
            let mut words = self.hints.split(|character: char| !character.is_alphanumeric());
            words.any(|word| word == *name)
        };
        let (base, parent) = (
            self.base(),
            match self.face {
                Face::Blocking if class == STORE => "chatkeep._store",
                Face::Blocking => "chatkeep._bases",
                Face::Awaited if class == STORE => "chatkeep.asyncio._store",
                Face::Awaited => "chatkeep.asyncio._bases",
            },
        );
        let mut out = format!(
            "{HEADER}\"\"\"The class ``{class}``.\"\"\"\n\n# Annotations are not evaluated, so \
             their types are imported for type checkers only.\nfrom __future__ import \
             annotations\n\n"
        );
        let runs_cached = self.face == Face::Awaited
            && self.interface.operations.iter().any(|found| self.is_cached(found.operation.name));
        let blocks = self.face == Face::Blocking || self.hints.contains("not awaited");
        let mut native = Vec::new();
        native.extend(runs_cached.then_some("cached"));
        native.extend(blocks.then_some("call"));
        native.push("operation");
        native.extend((self.face == Face::Awaited).then_some("submit"));
        let native = import(0, "chatkeep._native", &native);
        let base = import(0, parent, &[base]);
        out.push_str(&if parent < "chatkeep._native" { base + &native } else { native + &base });
        out.push_str("\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n");
        let mut has_others = false;
        for (module, names) in IMPORTS {
            let names: Vec<_> = names.iter().copied().filter(is_used).collect();
            if !names.is_empty() {
                out.push_str(&import(4, module, &names));
                has_others = true;
            }
        }
        if has_others {
            out.push('\n');
        }
        let native = ["MessageIterator", "Operation"];
        let native: Vec<_> =
            native.into_iter().filter(|name| *name == "Operation" || is_used(name)).collect();
        out.push_str(&import(4, "chatkeep._native", &native));
        let mut types: Vec<_> =
            self.surface.records.keys().chain(self.surface.enums.keys()).copied().collect();
        types.extend(["MetadataFilter", "TimestampInput"]);
        types.retain(|name| is_used(name));
        types.sort_unstable();
        if !types.is_empty() {
            out.push_str(&import(4, "chatkeep.types", &types));
        }
        out
    }

    fn is_cached(&self, operation: &str) -> bool {
        CACHED.contains(&(self.interface.name, operation))
    }

    fn base(&self) -> &'static str {
        let found = BASES.iter().find(|(class, _)| *class == self.interface.class);
        found.map_or("Manager", |(_, base)| base)
    }

    fn class(&mut self) -> String {
        let Interface { class, name, operations, .. } = self.interface;
        let mut out = String::from("\n");
        for described in operations {
            let ty = self.result(described);
            let operation = described.operation.name;
            out.push_str(&bracketed(
                0,
                &format!("{}: Operation[{ty}] = operation(", constant(operation)),
                &[format!("{name:?}"), format!("{operation:?}")],
                ")",
            ));
        }
        out.push_str(&format!("\n\nclass {class}({}):\n", self.base()));
        out.push_str(&self.class_documentation().render(4));
        out.push_str("\n    __slots__ = ()\n");
        if *class == STORE {
            out.push('\n');
            out.push_str(&settings::constructor());
        }
        for described in operations {
            out.push('\n');
            out.push_str(&self.method(described));
        }
        out
    }

    fn class_documentation(&self) -> Docstring {
        let Interface { class, name, documentation, .. } = self.interface;
        let mut paragraphs: Vec<_> =
            documentation.paragraphs.iter().map(|paragraph| text(paragraph, class)).collect();
        let example = match self.face {
            Face::Blocking => {
                paragraphs.push("An instance is safe to use from any number of threads.".into());
                self.examples.lines(name)
            }
            Face::Awaited => {
                paragraphs.push(format!(
                    "The methods are those of ``chatkeep.{class}``. Calls are awaited, and do not \
                     block the event loop.",
                ));
                self.examples.lines(&format!("async_{name}"))
            }
        };
        let chat = || ("chat".into(), "chatkeep.Chatkeep".into(), "Store to use.".into());
        let is_store = *class == STORE;
        Docstring {
            summary: text(&documentation.summary, class),
            paragraphs,
            arguments: if is_store { settings::arguments() } else { vec![chat()] },
            attributes: if is_store {
                settings::attributes(self.surface, self.face)
            } else {
                Vec::new()
            },
            raises: if is_store { settings::raises() } else { Vec::new() },
            examples: example,
            ..Docstring::default()
        }
    }

    /// Returns the type of an operation's result.
    fn result(&mut self, described: &Described) -> String {
        let name = described.operation.name;
        let ty = match ITERATORS.iter().find(|(iterator, _)| *iterator == name) {
            Some((_, item)) => format!("{item}Iterator"),
            None => hint(&described.operation.returns, Use::Result),
        };
        self.hints.push_str(&format!(" {ty}"));
        ty
    }

    fn method(&mut self, described: &Described) -> String {
        let operation = described.operation;
        let name = operation.name;
        let is_awaited = self.face == Face::Awaited && described.waits();
        let item = ITERATORS.iter().find(|(iterator, _)| *iterator == name).map(|(_, item)| item);
        let mut returns = self.result(described);
        if let Some(item) = item.filter(|_| is_awaited) {
            returns = format!("AsyncIterator[{item}]");
        }
        self.hints.push_str(&format!(" {returns}"));
        if self.face == Face::Awaited && (!is_awaited || item.is_some()) {
            self.hints.push_str(" not awaited");
        }
        let mut out = String::new();
        if operation.form == Form::Property {
            out.push_str("    @property\n");
        }
        let definition = if is_awaited { "async def" } else { "def" };
        let parameters = self.parameters(described);
        out.push_str(&bracketed(
            4,
            &format!("{definition} {name}("),
            &parameters,
            &format!(") -> {returns}:"),
        ));
        out.push_str(&self.documentation(described, is_awaited).render(8));
        out.push_str(&self.body(described, is_awaited, item.is_some()));
        out
    }

    fn parameters(&mut self, described: &Described) -> Vec<String> {
        let mut parameters = vec!["self".to_owned()];
        let mut is_named = false;
        for (_, field) in &described.parameters {
            if field.placement == Placement::Named && !is_named {
                parameters.push("*".into());
                is_named = true;
            }
            let ty = hint(&field.ty, Use::Argument);
            self.hints.push_str(&format!(" {ty}"));
            let default = default(field.default).map(|value| format!(" = {value}"));
            parameters.push(format!("{}: {ty}{}", field.name, default.unwrap_or_default()));
        }
        parameters
    }

    fn body(&self, described: &Described, is_awaited: bool, is_iterator: bool) -> String {
        let name = described.operation.name;
        let mut values: Vec<_> = described.parameters.iter().collect();
        values.sort_by_key(|(position, _)| *position);
        let names: Vec<_> = values.iter().map(|(_, field)| field.name).collect();
        let tuple = match names.as_slice() {
            [only] => format!("({only},)"),
            names => format!("({})", names.join(", ")),
        };
        let arguments = |tuple: &str| ["self._store".to_owned(), constant(name), tuple.to_owned()];
        let returns_nothing = described.operation.returns == Type::Nothing && !is_iterator;
        let head = if returns_nothing { "" } else { "return " };
        if !is_awaited {
            return bracketed(8, &format!("{head}call("), &arguments(&tuple), ")");
        }
        if is_iterator {
            return bracketed(8, "messages = call(", &arguments(&tuple), ")")
                + "        while page := await messages._next_page():\n            for message in \
                   page:\n                yield message\n";
        }
        if self.is_cached(name) {
            let constant = constant(name);
            return format!(
                "        found = cached(self._store, {constant}, {tuple})\n        if found is not \
                 None:\n            return found\n"
            ) + &bracketed(8, "return await submit(", &arguments(&tuple), ")");
        }
        bracketed(8, &format!("{head}await submit("), &arguments(&tuple), ")")
    }

    fn documentation(&self, described: &Described, is_awaited: bool) -> Docstring {
        let class = self.interface.class;
        let operation = described.operation;
        let documentation = &described.documentation;
        let summary = text(&documentation.summary, class);
        if operation.form == Form::Property {
            return Docstring { summary, ..Docstring::default() };
        }
        let mut paragraphs: Vec<_> =
            documentation.paragraphs.iter().map(|paragraph| text(paragraph, class)).collect();
        if self.face == Face::Awaited && !is_awaited {
            paragraphs.push("This is not a coroutine.".into());
        }
        let arguments = described.parameters.iter().map(|(_, field)| {
            let ty = documented_hint(&field.ty, Use::Argument);
            (field.name.to_owned(), ty, text(field.documentation, class))
        });
        let raises = documentation.errors.iter().map(|(kinds, cause)| {
            let classes: Vec<_> =
                kinds.iter().map(|kind| exception(kind).unwrap_or(kind)).collect();
            (classes.join(", "), text(cause, class))
        });
        let example = match self.face {
            Face::Blocking => operation.name.to_owned(),
            Face::Awaited => format!("async_{}", operation.name),
        };
        Docstring {
            returns: self.returns(described, &summary),
            summary,
            paragraphs,
            arguments: arguments.collect(),
            raises: raises.collect(),
            examples: self.examples.lines(&example),
            ..Docstring::default()
        }
    }

    /// Returns the type and the description of the result.
    fn returns(&self, described: &Described, summary: &str) -> Option<(String, String)> {
        let class = self.interface.class;
        let operation = described.operation;
        if let Some((_, item)) = ITERATORS.iter().find(|(name, _)| *name == operation.name) {
            let ty = match self.face {
                Face::Blocking => format!("{item}Iterator"),
                Face::Awaited => format!("AsyncIterator[{item}]"),
            };
            return Some((ty, format!("The {}s, one at a time", item.to_lowercase())));
        }
        if operation.returns == Type::Nothing {
            return None;
        }
        let written = described.documentation.returns.as_ref();
        let written = written.map(|written| sentence(&text(written, class)));
        let description = written.unwrap_or_else(|| {
            // Most summaries name the result.
            let (first, _) = first_sentence(summary);
            match first.strip_prefix("Returns ") {
                Some(result) => sentence(result),
                None => "The result.".into(),
            }
        });
        let keys = keys(&operation.returns).map(|keys| format!(" {keys}"));
        Some((
            documented_hint(&operation.returns, Use::Result),
            description + &keys.unwrap_or_default(),
        ))
    }
}

/// Describes the keys of a record.
fn keys(ty: &Type) -> Option<String> {
    match ty {
        Type::Optional(inner) => keys(inner),
        Type::List(Type::Record(record)) => {
            Some(format!("Each is a ``dict`` with the keys {}.", joined(record.fields)))
        }
        Type::Record(record) => {
            Some(format!("A ``dict`` with the keys {}.", joined(record.fields)))
        }
        Type::Enum(described) => {
            let names = described.variants.iter().map(|variant| variant.name);
            Some(format!("One of {}.", list(names, "and")))
        }
        _ => None,
    }
}

fn joined(fields: &[chatkeep_core::described::Field]) -> String {
    list(fields.iter().map(|field| field.name), "and")
}

/// Joins names, such as "`a`, `b` and `c`".
fn list<'a>(names: impl Iterator<Item = &'a str>, conjunction: &str) -> String {
    let names: Vec<_> = names.map(|name| format!("``{name}``")).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} {conjunction} {last}", others.join(", "))
        }
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// Returns the name of an operation's constant.
fn constant(operation: &str) -> String {
    format!("_{}", operation.to_uppercase())
}
