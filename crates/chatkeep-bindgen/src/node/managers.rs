//! The managers of a store, and those of the environment's store.

use super::joined;
use super::tsdoc::{Comment, JavaScript};
use crate::names::camel;
use crate::surface::{Interface, Surface};

/// Returns the file with the base class of the store, which has the managers as properties.
pub(super) fn base(surface: &Surface, spelling: &JavaScript) -> String {
    let (mut properties, mut created) = (String::new(), String::new());
    for manager in surface.managers() {
        let (name, class) = (camel(&manager.attribute()), manager.class);
        let comment = Comment::of(&spelling.text(manager.summary()), 2).finish(2);
        properties += &format!("{comment}  readonly {name}: {class};\n");
        created += &format!("    this.{name} = new {class}(store);\n");
    }
    format!(
        "{}\n/** A store with its managers. */\nexport class StoreWithManagers extends \
         StoreOperations {{\n{properties}\n  /** @internal */\n  constructor(store: unknown) {{\n    \
         super(store);\n{created}  }}\n}}\n",
        imports(surface.interfaces.iter(), ""),
    )
}

/// Returns the file with the managers of the environment's store, and their types.
pub(super) fn environment(surface: &Surface, spelling: &JavaScript) -> String {
    let mut out = "import { fromEnvironment } from '../store.js';\n".to_owned();
    out += &imports(surface.managers(), "type ");
    out.push('\n');
    let classes = sorted(surface.managers().map(|manager| manager.class.to_owned()));
    out += &joined("export type { ", &classes, " };\n", 0);
    for manager in surface.managers() {
        let (name, class) = (camel(&manager.attribute()), manager.class);
        let summary = spelling.text(manager.summary());
        let text = format!("{summary} The environment variables configure the database.");
        let comment = Comment::of(&text, 0).finish(0);
        out += &format!("\n{comment}export const {name}: {class} = fromEnvironment().{name};\n");
    }
    out
}

/// Returns the imports of the classes of some interfaces.
fn imports<'a>(interfaces: impl Iterator<Item = &'a Interface>, kind: &str) -> String {
    let line = |interface: &Interface| {
        let class = super::special::class(interface.class);
        format!("import {kind}{{ {class} }} from './{}.js';\n", interface.name)
    };
    let lines: Vec<_> = interfaces.map(|interface| (interface.name, line(interface))).collect();
    sorted(lines.into_iter()).into_iter().map(|(_, line)| line).collect()
}

fn sorted<T: Ord>(names: impl Iterator<Item = T>) -> Vec<T> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}
