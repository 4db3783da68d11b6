//! Examples from `examples/operations/<interface>.py`, as in Python's interactive mode.
//!
//! The file has a function for each example: that of an operation has its name, that of the class
//! has the interface's name, and `async_` is before the name of an awaited one. The output of a
//! statement follows in a comment that begins with `# ->`. The imports that an example uses become
//! a part of it; each imports one name.

use crate::output::repository;

/// The examples of an interface.
pub(super) struct Examples {
    source: String,
}

impl Examples {
    /// Reads the examples of an interface. There may be none.
    pub(super) fn read(interface: &str) -> Self {
        let file = repository().join(format!("examples/operations/{interface}.py"));
        Self { source: std::fs::read_to_string(file).unwrap_or_default() }
    }

    /// Returns the lines of an example, with prompts and output.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let head = format!("def {name}() -> None:");
        let function = self.source.lines().skip_while(|line| *line != head).skip(1);
        let body: Vec<_> = function
            .take_while(|line| line.is_empty() || line.starts_with(' '))
            .map(|line| line.strip_prefix("    ").unwrap_or(line))
            .collect();
        let is_used = |import: &&str| {
            let name = import.rsplit(' ').next();
            let mut words = body.iter().flat_map(|line| {
                line.split(|character: char| !character.is_alphanumeric() && character != '_')
            });
            words.any(|word| Some(word) == name)
        };
        let imports = self
            .source
            .lines()
            .filter(|line| line.starts_with("import ") || line.starts_with("from "));
        let code = body.iter().copied().filter(|line| !line.is_empty());
        let all = imports.filter(is_used).chain(code);
        if body.is_empty() { Vec::new() } else { all.map(prompt).collect() }
    }
}

/// Adds the prompt to a line of code.
fn prompt(line: &str) -> String {
    if let Some(output) = line.strip_prefix("# -> ") {
        return output.to_owned();
    }
    let continues = [" ", ")", "]", "}", "else", "except", "finally"];
    let prompt = if continues.iter().any(|start| line.starts_with(start)) { "..." } else { ">>>" };
    format!("{prompt} {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_has_prompts_its_imports_and_output() {
        let source = "import os\nfrom chatkeep import Chatkeep\n\n\ndef a() -> None:\n    x = Chatkeep(\n        \
                      1,\n    )\n\n    print(x)\n    # -> 5\n\n\ndef b() -> None:\n    pass\n";
        let lines = Examples { source: source.into() }.lines("a");
        let expected = [
            ">>> from chatkeep import Chatkeep",
            ">>> x = Chatkeep(",
            "...     1,",
            "... )",
            ">>> print(x)",
            "5",
        ];
        assert_eq!(lines, expected);
    }
}
