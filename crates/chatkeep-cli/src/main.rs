//! The `chatkeep` command. Everything it does stands in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(chatkeep_cli::run(std::env::args_os()))
}
