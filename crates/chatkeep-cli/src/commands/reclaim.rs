//! `--reclaim`: room that deleted rows had goes back to the file system.

use std::path::PathBuf;

use chatkeep::Chatkeep;

use super::database::file;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::bytes;

/// Servers use such room again by themselves, and have commands of their own for the rest.
pub(super) fn refuse_server(chatkeep: &Chatkeep) -> Result<(), Failure> {
    if chatkeep.database().engine().is_server() {
        return Err(Failure::usage(
            "--reclaim is for SQLite; servers use the room again by themselves",
        ));
    }
    Ok(())
}

/// Writes the file anew, and says by how many bytes it has become smaller.
pub(super) fn run(chatkeep: &Chatkeep, context: &Context) -> Result<u64, Failure> {
    let path = file(&context.url()?).map(PathBuf::from);
    let size =
        || path.as_ref().and_then(|path| path.metadata().ok()).map_or(0, |about| about.len());
    let before = size();
    chatkeep.database().reclaim()?;
    Ok(before.saturating_sub(size()))
}

pub(super) fn described(reclaimed: u64) -> String {
    format!("the file has become smaller by {}\n", bytes(reclaimed))
}
