//! `chatkeep streams …`

use clap::{Args, Subcommand};

use super::examples;
use super::page::PageOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum StreamsCommand {
    /// List streams, newest first
    #[command(after_help = examples! {
        "chatkeep streams list --running"
        "chatkeep streams list --conversation chat-17"
    })]
    List(ListOptions),

    /// Show a stream and its text
    #[command(after_help = examples! {
        "chatkeep streams show 019dc0de-1111-7222-8333-444455556666"
    })]
    Show {
        #[command(flatten)]
        stream: StreamArgument,
    },

    /// Request the cancellation of a running stream
    #[command(after_help = examples! {
        "chatkeep streams cancel 019dc0de-1111-7222-8333-444455556666"
    })]
    Cancel {
        #[command(flatten)]
        stream: StreamArgument,
    },
}

/// The stream of a command.
#[derive(Debug, Args)]
pub(crate) struct StreamArgument {
    /// Id of the stream, as shown by `chatkeep streams list`
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only streams of this conversation
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Option<String>,

    /// Only streams of this user: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// Only streams that have not ended
    #[arg(long)]
    pub(crate) running: bool,

    #[command(flatten)]
    pub(crate) page: PageOptions,
}
