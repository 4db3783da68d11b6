//! `chatkeep settings …`

use clap::{Args, Subcommand};

use super::examples;
use crate::age::parse_age;

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Print the value of a setting
    #[command(
        long_about = "Print the value of a setting\n\n\
            A variable such as CHATKEEP_SETTING_UI_THEME takes precedence over the database. \
            --json prints the origin and the version, too.",
        after_help = examples! {
            "chatkeep settings get ui.theme"
            "chatkeep settings get limits.daily --scope tenant:7 --json"
        }
    )]
    Get {
        #[command(flatten)]
        setting: SettingArgument,
    },

    /// List the settings of a scope, or all scopes
    #[command(after_help = examples! {
        "chatkeep settings list"
        "chatkeep settings list --scope tenant:7"
        "chatkeep settings list --scopes"
    })]
    List(ListOptions),

    /// Store a setting
    #[command(
        long_about = "Store a setting\n\n\
            The value is JSON. Text that is no JSON is stored as a string, unless it begins with a \
            bracket or a quotation mark. Keys that look like names of secrets are refused: use \
            `chatkeep credentials`.",
        after_help = examples! {
            "chatkeep settings set ui.theme dark"
            "chatkeep settings set limits '{\"daily\": 100}' --scope tenant:7 --by admin-1"
            "chatkeep settings set motd - < motd.json"
        }
    )]
    Set {
        #[command(flatten)]
        setting: SettingArgument,

        /// Value as JSON, or a string; `-` reads it from standard input
        #[arg(allow_hyphen_values = true)]
        value: String,

        /// Store the value as a string, also if it is JSON
        #[arg(long)]
        text: bool,

        #[command(flatten)]
        change: ChangeOptions,
    },

    /// Delete a setting; its versions are kept
    #[command(after_help = examples! {
        "chatkeep settings delete ui.theme --by admin-1"
    })]
    Delete {
        #[command(flatten)]
        setting: SettingArgument,

        #[command(flatten)]
        change: ChangeOptions,
    },

    /// List the versions of a setting, newest first
    #[command(after_help = examples! {
        "chatkeep settings history ui.theme"
        "chatkeep settings history ui.theme --limit 10 --before 17"
    })]
    History {
        #[command(flatten)]
        setting: SettingArgument,

        /// Maximum number of versions to print (1 to 10,000)
        #[arg(long, value_name = "N", default_value = "100", allow_hyphen_values = true)]
        limit: i64,

        /// Only versions before this one
        #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
        before: Option<i64>,
    },

    /// Store the value of an earlier version again, as a new version
    #[command(after_help = examples! {
        "chatkeep settings rollback ui.theme 3 --by admin-1"
    })]
    Rollback {
        #[command(flatten)]
        setting: SettingArgument,

        /// Version whose value is stored, as shown by `chatkeep settings history`
        version: i64,

        #[command(flatten)]
        change: ChangeOptions,
    },

    /// Delete old versions, except for the newest one of each setting
    #[command(after_help = examples! {
        "chatkeep settings prune --older-than 365d"
    })]
    Prune {
        /// Minimum age in days or weeks: 30d, 12w, or a number of days
        #[arg(
            long,
            value_name = "AGE",
            value_parser = parse_age,
            allow_hyphen_values = true
        )]
        older_than: i64,
    },
}

/// The setting of a command.
#[derive(Debug, Args)]
pub(crate) struct SettingArgument {
    /// Key of the setting
    pub(crate) key: String,

    /// Scope of the setting [default: the whole application]
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) scope: String,
}

/// The conditions and the account of a change.
#[derive(Debug, Args)]
pub(crate) struct ChangeOptions {
    /// Version that the setting must have; 0 if it must not exist
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
    pub(crate) expect_version: Option<i64>,

    /// Account that makes the change
    #[arg(long, value_name = "USER")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Scope of the settings [default: the whole application]
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) scope: String,

    /// List the scopes that have settings
    #[arg(long, conflicts_with = "scope")]
    pub(crate) scopes: bool,

    /// Maximum number of scopes to print (1 to 10,000)
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        requires = "scopes",
        allow_hyphen_values = true
    )]
    pub(crate) limit: i64,

    /// Only scopes after this one
    #[arg(long, value_name = "SCOPE", requires = "scopes")]
    pub(crate) after: Option<String>,
}
