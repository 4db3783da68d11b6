//! `chatkeep messages …`

mod list;
mod log;
mod prune;
mod show;
mod stats;
mod totals;

use crate::args::messages::MessagesCommand;
use crate::argument_names::MESSAGES;
use crate::context::Context;
use crate::failure::Failure;
use crate::{export, import};

pub(super) fn run(command: MessagesCommand, context: &Context) -> Result<u8, Failure> {
    // In the errors of an import, fields are keys of the file.
    let is_import = matches!(command, MessagesCommand::Import(_));
    dispatch(command, context)
        .map_err(|failure| if is_import { failure } else { failure.with_argument_name(MESSAGES) })
}

fn dispatch(command: MessagesCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        MessagesCommand::Log(options) => log::run(options, context)?,
        MessagesCommand::List(options) => list::list(options, context)?,
        MessagesCommand::Get { id } => show::run(id, context)?,
        MessagesCommand::Search(options) => list::search(&options, context)?,
        MessagesCommand::Stats(options) => return stats::run(&options, context),
        MessagesCommand::Count(filter) => list::count(&filter, context)?,
        MessagesCommand::Import(options) => return import::run(&options, context),
        MessagesCommand::Export(options) => export::run(&options, context)?,
        MessagesCommand::Prune(options) => return prune::run(&options, context),
    }
    Ok(0)
}
