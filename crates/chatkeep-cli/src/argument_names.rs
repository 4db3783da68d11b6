//! The names of fields in errors, as the command's caller spells them.

/// The arguments of one noun's commands, by the field of the library that each of them fills.
pub(crate) type Arguments = &'static [(&'static str, &'static str)];

/// Of `chatkeep messages`. The errors of an import keep the library's field: there it is a key of the file.
pub(crate) const MESSAGES: Arguments = &[
    ("user_message", "TEXT"),
    ("bot_response", "--response"),
    ("provider", "--provider"),
    ("model", "--model"),
    ("tokens_used", "--tokens"),
    ("metadata", "--metadata"),
    ("timestamp", "--timestamp"),
    ("start", "--since"),
    ("end", "--until"),
    ("limit", "--limit"),
    ("offset", "--offset"),
    ("cursor", "--cursor"),
    ("query", "QUERY"),
    ("days", "--older-than"),
    ("id", "ID"),
];

/// Of `chatkeep tokens`.
pub(crate) const TOKENS: Arguments =
    &[("description", "--description"), ("expires_days", "--expires-days"), ("id", "ID")];

/// Of `chatkeep migrate`.
pub(crate) const MIGRATE: Arguments = &[
    ("folder", "--dir"),
    ("description", "DESCRIPTION"),
    ("revision", "REV"),
    ("from", "--from"),
    ("to", "--to"),
];

/// The argument that fills this field, if one does. Names of variables, for example, are fields without an argument.
pub(crate) fn argument(arguments: Arguments, field: &str) -> Option<&'static str> {
    arguments.iter().find(|(name, _)| *name == field).map(|(_, argument)| *argument)
}

/// An argument as clap shows it, without its value and its brackets: `--limit` of `--limit <N>`, `ID` of `<ID>`.
pub(crate) fn of_usage(shown: &str) -> &str {
    let name = shown.split_whitespace().next().unwrap_or(shown);
    name.trim_matches(['<', '>', '[', ']', '.'])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Command, CommandFactory as _};

    use super::*;

    /// The arguments of all commands below this one, as users write them.
    fn written(command: &Command) -> BTreeSet<String> {
        let own = command.get_arguments().map(|argument| match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => argument.to_string(),
        });
        let own: BTreeSet<String> = own.map(|shown| of_usage(&shown).to_owned()).collect();
        command.get_subcommands().map(written).fold(own, |all, below| &all | &below)
    }

    #[test]
    fn every_name_in_the_tables_is_an_argument_of_its_commands() {
        let command = crate::args::Arguments::command();
        for (noun, arguments) in [("messages", MESSAGES), ("tokens", TOKENS), ("migrate", MIGRATE)]
        {
            let written = written(command.find_subcommand(noun).expect(noun));
            for (field, argument) in arguments {
                let is_known = written
                    .iter()
                    .any(|known| known == argument || known.ends_with(&format!("|{argument}")));
                assert!(is_known, "{noun}: {field} is no {argument}: {written:?}");
            }
        }
    }
}
