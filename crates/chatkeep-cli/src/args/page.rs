//! Options of lists that are read in pages.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct PageOptions {
    /// Maximum number of rows (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// List the rows after this cursor, which the previous page returned
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

/// A page of a list that is ordered by name.
#[derive(Debug, Args)]
pub(crate) struct NamePageOptions {
    /// Maximum number of rows (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// List the rows after this name
    #[arg(long, value_name = "NAME")]
    pub(crate) after: Option<String>,
}
