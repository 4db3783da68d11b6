//! The modules that list the managers: `chatkeep`, `chatkeep.asyncio`, and the base of the store.

use chatkeep::ERROR_KINDS;

use super::layout::{WIDTH, import, one_per_line};
use super::spelling::text;
use super::{Face, HEADER, errors};
use crate::surface::{Interface, Surface};
use crate::wrap::lines;

const BLOCKING: &str = include_str!("package/blocking.py");
const AWAITED: &str = include_str!("package/awaited.py");

/// Returns the module that exports the classes, and the managers of the environment's store.
pub(super) fn exports(surface: &Surface, face: Face) -> String {
    let classes: Vec<_> = sorted(surface.interfaces.iter().map(|found| found.class.to_owned()));
    let errors = error_classes();
    let (template, imports, functions) = match face {
        Face::Blocking => (
            BLOCKING,
            class_imports(surface.interfaces.iter(), face)
                + "from chatkeep._native import MessageIterator\nfrom chatkeep._native import \
                   Store as _Store\n"
                + &import(0, "chatkeep.errors", &errors),
            vec!["MessageIterator", "RunningTask", "Work", "from_environment"],
        ),
        Face::Awaited => (
            AWAITED,
            "import chatkeep\n".to_owned() + &class_imports(surface.interfaces.iter(), face),
            vec!["RunningTask", "Work"],
        ),
    };
    let mut names = classes.clone();
    names.extend(functions.into_iter().map(str::to_owned));
    names.extend(surface.managers().map(Interface::attribute));
    if face == Face::Blocking {
        names.extend(errors.into_iter().map(str::to_owned));
    }
    let names: Vec<_> = sorted(names).iter().map(|name| format!("{name:?}")).collect();
    let modules = one_per_line("for _class in (", &classes, "):")
        + "    # Users import the classes from here, and tracebacks show this name.\n    \
           _class.__module__ = __name__\ndel _class\n\n"
        + &worker_classes(face);
    let managers: String = surface.managers().map(environment_manager).collect();
    let names: String = names.iter().map(|name| format!("    {name},\n")).collect();
    let text = template
        .replace("# imports\n", &imports)
        .replace("__all__ = []\n", &format!("__all__ = [\n{names}]\n"))
        .replace("# modules\n", &modules)
        .replace("# managers\n", &managers);
    format!("{HEADER}{text}")
}

/// Returns the code that imports the classes of workers when they are first used. They need modules
/// of Python that take longer to load than the package.
fn worker_classes(face: Face) -> String {
    let imports: &[&str] = match face {
        Face::Blocking => &[
            "from chatkeep._running_task import RunningTask\n",
            "from chatkeep._work import Work\n",
        ],
        Face::Awaited => &["from chatkeep.asyncio._work import RunningTask, Work\n"],
    };
    let imports_at =
        |indent| -> String { imports.iter().map(|line| format!("{:indent$}{line}", "")).collect() };
    let (types, classes) = (imports_at(4), imports_at(8));
    format!(
        r#"TYPE_CHECKING = False
if TYPE_CHECKING:
{types}else:

    def __getattr__(name):
        """Imports the classes of workers when they are first used."""
        if name not in ("RunningTask", "Work"):
            raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
{classes}
        return RunningTask if name == "RunningTask" else Work


del TYPE_CHECKING
"#
    )
}

/// Returns the module with the base of the store, which has the managers as attributes.
pub(super) fn base(surface: &Surface, face: Face) -> String {
    let imports = class_imports(surface.managers(), face);
    let slots = sorted(surface.managers().map(|manager| format!("{:?}", manager.attribute())));
    let slots = one_per_line("    __slots__ = (", &slots, ")");
    let created: String = surface
        .managers()
        .map(|manager| format!("        self.{} = {}(chat)\n", manager.attribute(), manager.class))
        .collect();
    format!(
        "{HEADER}\"\"\"The managers of a store.\"\"\"\n\nfrom chatkeep._bases import \
         Stored\n{imports}\n\nclass Managers(Stored):\n    \"\"\"A store with its \
         managers.\"\"\"\n\n{slots}\n    def _create_managers(self, chat: Stored) -> \
         None:\n{created}",
    )
}

/// Returns the page of the reference with the classes and the managers of the environment's store.
pub(super) fn page(surface: &Surface) -> String {
    let mut classes = vec!["Chatkeep"];
    for manager in surface.managers() {
        classes.push(manager.class);
        if manager.name == "messages" {
            classes.push("MessageIterator");
        }
        if manager.name == "tasks" {
            classes.extend(["RunningTask", "Work"]);
        }
    }
    let classes: String = classes
        .into_iter()
        .map(|class| match class {
            "MessageIterator" => format!(".. autoclass:: {class}\n\n"),
            _ => format!(
                ".. autoclass:: {class}\n   :inherited-members:\n   :no-show-inheritance:\n\n"
            ),
        })
        .collect();
    let managers: Vec<_> = surface
        .managers()
        .map(|manager| {
            let (name, class) = (manager.attribute(), manager.class);
            let text = environment_text(manager);
            format!(".. data:: {name}\n   :type: {class}\n\n   {text}\n")
        })
        .collect();
    let first = first_line();
    format!(
        "{first}chatkeep\n========\n\n.. currentmodule:: chatkeep\n\n{classes}.. autofunction:: \
         from_environment\n\n{}",
        managers.join("\n"),
    )
}

/// Returns the page of the reference with the errors.
pub(super) fn errors_page() -> String {
    let mut names = error_classes();
    // The base class is the first.
    names.sort_by_key(|name| *name != "Error");
    let names: String = names.iter().map(|name| format!(".. autoexception:: {name}\n")).collect();
    let first = first_line();
    format!(
        "{first}Errors\n======\n\n.. automodule:: chatkeep.errors\n   :no-members:\n\n.. \
         currentmodule:: chatkeep\n\n{names}",
    )
}

/// Returns the classes of errors, in the order of their names.
fn error_classes() -> Vec<&'static str> {
    let mut names: Vec<_> = ERROR_KINDS.iter().map(|kind| kind.exception).collect();
    names.extend(errors::OTHERS);
    names.sort_unstable();
    names
}

/// The first line of a page.
fn first_line() -> String {
    HEADER.replacen('#', "..", 1) + "\n"
}

/// Returns the imports of the classes of some interfaces.
fn class_imports<'a>(interfaces: impl Iterator<Item = &'a Interface>, face: Face) -> String {
    let line = |found: &Interface| {
        let module = format!("chatkeep._generated.{}.{}", face.module(), found.name);
        format!("from {module} import {}\n", found.class)
    };
    sorted(interfaces.map(line)).concat()
}

fn environment_manager(manager: &Interface) -> String {
    let comment = lines(&environment_text(manager), WIDTH - "#: ".len());
    let comment: String = comment.iter().map(|line| format!("#: {line}\n")).collect();
    let name = manager.attribute();
    format!("{comment}{name} = _environment.{name}\n")
}

fn environment_text(manager: &Interface) -> String {
    let summary = text(manager.summary(), manager.class);
    format!("{summary} The environment variables name the database.")
}

fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_unstable();
    names
}
