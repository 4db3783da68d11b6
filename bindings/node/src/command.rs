//! The `chatkeep` command.

use napi_derive::napi;

/// Runs the `chatkeep` command on the standard streams of this process. The first argument is the program's name. Returns
/// the exit code.
#[napi(catch_unwind)]
pub(crate) fn run_command(line: Vec<String>) -> u8 {
    chatkeep_cli::run(line)
}
