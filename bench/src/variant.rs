//! Somebody once more with other settings, or from another build: what a setting or a change of ours is worth, in the same run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::participants::{EVERYBODY, Language, Participant};
use crate::record::Entry;

/// The key that names a program; all others are environment variables.
const PROGRAM: &str = "program";

/// `NAME,KEY=VALUE,...`
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) somebody: &'static Participant,
    /// As it was written, without the name.
    differences: String,
    environment: Vec<(String, String)>,
    program: Option<PathBuf>,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, differences) =
            text.split_once(',').ok_or("a contestant, then a comma and KEY=VALUE, are wanted")?;
        let somebody = EVERYBODY.iter().find(|somebody| somebody.name == name);
        let somebody = somebody.ok_or_else(|| format!("nobody is called {name:?}"))?;
        let mut variant = Self {
            somebody,
            differences: differences.to_owned(),
            environment: Vec::new(),
            program: None,
        };
        for difference in differences.split(',') {
            match difference.split_once('=').filter(|(key, _)| !key.is_empty()) {
                Some((PROGRAM, program)) if somebody.language == Language::Rust => {
                    variant.program = Some(program.into());
                }
                Some((PROGRAM, _)) => {
                    return Err(format!(
                        "{PROGRAM} is for contestants of this program, and {name} is none"
                    ));
                }
                Some((key, value)) => variant.environment.push((key.to_owned(), value.to_owned())),
                None => return Err(format!("{difference:?} is not KEY=VALUE")),
            }
        }
        Ok(variant)
    }
}

impl Variant {
    /// Another build of this program to start, if one was named.
    pub(crate) fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Gives the process its environment.
    pub(crate) fn adapt(&self, command: &mut Command) {
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
    }

    /// Tells it from the usual one in the results.
    pub(crate) fn mark(&self, entry: &mut Entry) {
        for name in [&mut entry.name, &mut entry.label] {
            *name = format!("{name}, {}", self.differences);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_variant_has_its_settings_and_its_program() {
        let variant: Variant = "chatkeep,DB_WRITERS=1,program=/old/chatkeep-bench".parse().unwrap();
        assert_eq!(variant.program(), Some(Path::new("/old/chatkeep-bench")));
        let mut command = Command::new("contestant");
        variant.adapt(&mut command);
        let set: Vec<_> = command.get_envs().collect();
        assert_eq!(set, [(OsStr::new("DB_WRITERS"), Some(OsStr::new("1")))]);
        let mut entry =
            Entry { name: "chatkeep".to_owned(), label: "chatkeep".to_owned(), ..Entry::default() };
        variant.mark(&mut entry);
        assert_eq!(entry.label, "chatkeep, DB_WRITERS=1,program=/old/chatkeep-bench");
        assert_eq!(entry.name, entry.label);
    }

    #[test]
    fn what_is_no_variant_is_refused_with_a_reason() {
        for (text, reason) in [
            ("chatkeep", "KEY=VALUE"),
            ("nobody,A=1", "nobody is called"),
            ("chatkeep,A", "\"A\""),
            ("chatkeep,=1", "\"=1\""),
            ("pg,program=/x", "pg is none"),
        ] {
            let refused = text.parse::<Variant>().unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
