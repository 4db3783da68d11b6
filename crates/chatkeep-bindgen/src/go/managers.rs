//! The store, with its managers as fields.

use super::comment::{Comment, continued};
use super::names::{Go, exported};
use crate::names::spell;
use crate::surface::Surface;

/// Returns the contents of `go/managers.go`.
pub(crate) fn file(surface: &Surface) -> String {
    let store = &surface.store().documentation.summary;
    let mut comment = Comment::new("");
    comment.paragraph(&format!(
        "Chatkeep is {} It is safe for concurrent use. Close it when it is no longer needed.",
        continued(&spell(store, &Go { class: "Chatkeep", ..Go::default() })),
    ));
    let (mut fields, mut created) = (String::new(), String::new());
    for manager in surface.managers() {
        let (name, class) = (exported(manager.name), manager.class);
        let summary = continued(&spell(manager.summary(), &Go { class, ..Go::default() }));
        let mut comment = Comment::new("\t");
        comment.paragraph(&format!("{name} {summary}"));
        fields += &format!("{}\t{name} *{class}\n\n", comment.finish());
        created += &format!("\tchat.{name} = &{class}{{store}}\n");
    }
    super::file(&format!(
        "{}type Chatkeep struct {{\n{fields}\tstore *store\n}}\n\nfunc newChatkeep(store *store) \
         *Chatkeep {{\n\tchat := &Chatkeep{{store: store}}\n{created}\treturn chat\n}}\n",
        comment.finish(),
    ))
}
