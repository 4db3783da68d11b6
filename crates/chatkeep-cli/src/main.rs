//! Binary of the `chatkeep` command. The implementation is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(chatkeep_cli::run(std::env::args_os()))
}
