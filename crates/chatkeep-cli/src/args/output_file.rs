//! Options of commands that write a file.

use chatkeep::url::parse_file_mode;
use clap::Args;

/// Options of the written file.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputFileOptions {
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    /// Octal permissions of the file; a replacement never gets more than the old file
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = parse_mode)]
    pub(crate) file_mode: u32,
}

/// Parses octal permissions such as `0640`.
fn parse_mode(text: &str) -> Result<u32, String> {
    parse_file_mode(text)
        .ok_or_else(|| "must be octal and let the owner read and write, such as 0640".to_owned())
}
