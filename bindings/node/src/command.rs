//! The `chatkeep` command.

use napi_derive::napi;

/// Runs the `chatkeep` command on the standard streams of this process and returns its exit code.
/// The first argument is the program's name.
#[napi(catch_unwind)]
pub(crate) fn run_command(args: Vec<String>) -> u8 {
    chatkeep_cli::run(args)
}
