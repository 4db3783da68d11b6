//! Variants: a competitor that runs again with other settings or from another build, to measure the
//! effect of a setting or of a code change in the same run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::participants::{Language, PARTICIPANTS, Participant};
use crate::record::Entry;

/// The key that names a program; all other keys are environment variables.
const PROGRAM: &str = "program";

/// `NAME,KEY=VALUE,...`
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) participant: &'static Participant,
    /// The argument without the name.
    differences: String,
    environment: Vec<(String, String)>,
    program: Option<PathBuf>,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, differences) = text.split_once(',').ok_or("expected NAME,KEY=VALUE,...")?;
        let participant = PARTICIPANTS.iter().find(|participant| participant.name == name);
        let participant = participant.ok_or_else(|| format!("unknown competitor: {name:?}"))?;
        let mut variant = Self {
            participant,
            differences: differences.to_owned(),
            environment: Vec::new(),
            program: None,
        };
        for difference in differences.split(',') {
            match difference.split_once('=').filter(|(key, _)| !key.is_empty()) {
                Some((PROGRAM, program)) if participant.language == Language::Rust => {
                    variant.program = Some(program.into());
                }
                Some((PROGRAM, _)) => {
                    return Err(format!(
                        "{PROGRAM} requires a competitor in Rust, which {name} is not"
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
    /// Returns the other build of this program to start, if one was named.
    pub(crate) fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Sets the environment variables of the process.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
    }

    /// Adds the differences to its name in the results.
    pub(crate) fn rename(&self, entry: &mut Entry) {
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
    fn a_variant_has_settings_and_a_program() {
        let variant: Variant = "chatkeep,DB_WRITERS=1,program=/old/chatkeep-bench".parse().unwrap();
        assert_eq!(variant.program(), Some(Path::new("/old/chatkeep-bench")));
        let mut command = Command::new("competitor");
        variant.apply(&mut command);
        let set: Vec<_> = command.get_envs().collect();
        assert_eq!(set, [(OsStr::new("DB_WRITERS"), Some(OsStr::new("1")))]);
        let mut entry =
            Entry { name: "chatkeep".to_owned(), label: "chatkeep".to_owned(), ..Entry::default() };
        variant.rename(&mut entry);
        assert_eq!(entry.label, "chatkeep, DB_WRITERS=1,program=/old/chatkeep-bench");
        assert_eq!(entry.name, entry.label);
    }

    #[test]
    fn an_invalid_variant_is_rejected_with_a_reason() {
        for (text, reason) in [
            ("chatkeep", "KEY=VALUE"),
            ("missing,A=1", "unknown competitor"),
            ("chatkeep,A", "\"A\""),
            ("chatkeep,=1", "\"=1\""),
            ("pg,program=/x", "pg is not"),
        ] {
            let error = text.parse::<Variant>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
