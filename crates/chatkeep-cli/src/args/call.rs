//! `chatkeep call …`

use std::path::PathBuf;

use clap::Args;

use super::examples;

#[derive(Debug, Args)]
#[command(after_help = examples! {
    "chatkeep call --list"
    "chatkeep call messages.get_messages limit=2 provider=openai"
    "chatkeep call tokens.create_token description=\"mobile app\" expires_days=90"
    "echo '{\"token\": \"ck_…\"}' | chatkeep call tokens.check_token --input -"
    "chatkeep call messages.log_messages messages='[{\"message\": \"hi\"}]'"
})]
pub(crate) struct CallArguments {
    /// Operation: INTERFACE.NAME, as in the references of the libraries
    #[arg(value_name = "OPERATION", required_unless_present = "list")]
    pub(crate) operation: Option<String>,

    /// Arguments. Numbers, booleans, lists and objects are JSON; text and base64 need no quotes
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) arguments: Vec<String>,

    /// Read further arguments from a file with a JSON object; `-` reads standard input
    ///
    /// Pass tokens this way, as the arguments of a command are visible in the process list.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// List the operations with their arguments, and call none
    #[arg(long, conflicts_with_all = ["operation", "arguments", "input"])]
    pub(crate) list: bool,
}
