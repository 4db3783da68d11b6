//! Examples: `examples/operations/<interface>.mjs`.
//!
//! A file starts with its imports. Each example is a block after a line `// ## name`, with the name
//! of an operation or a class.

use crate::output::repository;

/// The examples of an interface.
pub(super) struct Examples {
    imports: Vec<String>,
    blocks: Vec<(String, String)>,
}

impl Examples {
    /// Reads the examples of an interface, if it has any.
    pub(super) fn read(interface: &str) -> Self {
        let path = repository().join(format!("examples/operations/{interface}.mjs"));
        Self::parse(&std::fs::read_to_string(path).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut parts = text.split("\n// ## ");
        let imports = parts.next().unwrap_or_default().lines();
        let imports = imports.filter(|line| line.starts_with("import ")).map(str::to_owned);
        let blocks = parts.map(|part| {
            let (name, code) = part.split_once('\n').unwrap_or((part, ""));
            let code = code.trim().strip_prefix("{\n").and_then(|code| code.strip_suffix("\n}"));
            let code = code.unwrap_or_else(|| panic!("the example {name:?} is not a block"));
            let lines = code.lines().map(|line| line.strip_prefix("  ").unwrap_or(line));
            (name.trim().to_owned(), lines.collect::<Vec<_>>().join("\n"))
        });
        Self { imports: imports.collect(), blocks: blocks.collect() }
    }

    /// Returns an example with the imports that it needs.
    pub(super) fn find(&self, name: &str) -> Option<String> {
        let (_, code) = self.blocks.iter().find(|(other, _)| other == name)?;
        let imports: String =
            self.imports.iter().filter_map(|import| import_for(import, code)).collect();
        Some(format!("{imports}\n{code}"))
    }

    /// Returns the names of all examples.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().map(|(name, _)| name.as_str())
    }
}

/// Returns an import with the names that the code contains.
fn import_for(import: &str, code: &str) -> Option<String> {
    let (names, module) = import.strip_prefix("import { ")?.split_once(" } ")?;
    let used = |name: &&str| {
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        code.split(|character: char| !is_part(character)).any(|word| word == *name)
    };
    let names: Vec<_> = names.split(", ").filter(used).collect();
    (!names.is_empty()).then(|| format!("import {{ {} }} {module}\n", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_has_only_the_imports_that_it_uses() {
        let text = "// Title.\n\nimport { a, b } from 'x';\nimport { c } from 'y';\n\n// ## one\n{\n  \
                    b(1);\n}\n\n// ## two\n{\n  c();\n  if (a) {\n    b();\n  }\n}\n";
        let examples = Examples::parse(text);
        assert_eq!(examples.find("one").unwrap(), "import { b } from 'x';\n\nb(1);");
        assert_eq!(
            examples.find("two").unwrap(),
            "import { a, b } from 'x';\nimport { c } from 'y';\n\nc();\nif (a) {\n  b();\n}"
        );
        assert!(examples.find("three").is_none());
    }
}
