//! Options of commands that delete rows which ended some time ago.

use clap::Args;

use crate::age::parse_age;

#[derive(Debug, Args)]
pub(crate) struct EndAgeOptions {
    /// Minimum age of the end in days or weeks: 30d, 12w, or a number of days
    #[arg(
        long,
        value_name = "AGE",
        value_parser = parse_age,
        default_value = "30d",
        allow_hyphen_values = true
    )]
    pub(crate) older_than: i64,
}
