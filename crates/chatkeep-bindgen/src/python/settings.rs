//! The settings, which are arguments of the constructor.

use chatkeep::{Range, SETTINGS, Setting};

use super::Face;
use super::layout::bracketed;
use super::spelling::{Use, hint, text};
use crate::documentation::first_sentence;
use crate::surface::{Interface, Surface};

/// A name, a type and a description.
type Entry = (String, String, String);

/// Returns the constructor.
pub(super) fn constructor() -> String {
    let mut parameters = vec!["self".into(), "url: str | None = None".into(), "*".into()];
    parameters
        .extend(SETTINGS.iter().map(|setting| format!("{}: {} = None", setting.name, ty(setting))));
    let items: String = SETTINGS
        .iter()
        .map(|Setting { name, .. }| format!("            \"{name}\": {name},\n"))
        .collect();
    bracketed(4, "def __init__(", &parameters, ") -> None:")
        + &format!("        settings: dict[str, object] = {{\n{items}        }}\n")
        + "        self._open(url, settings)\n"
}

/// Returns the documentation of the constructor's arguments.
pub(super) fn arguments() -> Vec<Entry> {
    let url = (
        "url".to_owned(),
        "str | None".to_owned(),
        "Database URL, for example ``sqlite:///chat.db`` or \
         ``postgresql://user:password@host/name``. Defaults to ``DATABASE_URL`` or the other \
         variables that name a database."
            .to_owned(),
    );
    let settings =
        SETTINGS.iter().map(|setting| (setting.name.to_owned(), ty(setting), description(setting)));
    [url].into_iter().chain(settings).collect()
}

/// Returns the documentation of the store's attributes.
pub(super) fn attributes(surface: &Surface, face: Face) -> Vec<Entry> {
    let manager = |manager: &Interface| {
        let summary = text(manager.summary(), manager.class);
        (manager.attribute(), manager.class.to_owned(), summary)
    };
    let mut attributes: Vec<_> = surface.managers().map(manager).collect();
    if face == Face::Awaited {
        let entry = ["blocking", "chatkeep.Chatkeep", "The same store with blocking calls."];
        attributes.push(entry.map(str::to_owned).into());
    }
    attributes
}

/// Returns the errors of the constructor.
pub(super) fn raises() -> Vec<(String, String)> {
    let cause = "The URL or a setting is invalid. ``field`` is the argument, or the environment \
                 variable.";
    vec![("ConfigurationError".into(), cause.into())]
}

fn ty(setting: &Setting) -> String {
    format!("{} | None", hint(&setting.range.ty(), Use::Argument))
}

/// Describes a setting, with its unit, its variable and its default.
fn description(setting: &Setting) -> String {
    let documentation = text(setting.documentation, "");
    let (first, rest) = first_sentence(&documentation);
    let unit = if matches!(setting.range, Range::Seconds(_)) { ", in seconds" } else { "" };
    let first = first.strip_suffix('.').unwrap_or(first);
    let Setting { variable, default, .. } = setting;
    format!("{first}{unit} (``{variable}``, {default} by default). {rest}").trim().to_owned()
}
