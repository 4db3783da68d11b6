//! `--reclaim`: returns the disk space of deleted rows to the file system.

use std::path::PathBuf;

use chatkeep::Chatkeep;

use super::database::file;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::bytes;

/// Rejects servers, which reuse the space and have their own commands to shrink tables.
pub(super) fn refuse_server(chatkeep: &Chatkeep) -> Result<(), Failure> {
    if chatkeep.database().engine().is_server() {
        return Err(Failure::usage(
            "--reclaim requires SQLite; servers reuse the space automatically",
        ));
    }
    Ok(())
}

/// Rewrites the file. Returns the number of bytes freed.
pub(super) fn run(chatkeep: &Chatkeep, context: &Context) -> Result<u64, Failure> {
    let path = file(&context.url()?).map(PathBuf::from);
    let size =
        || path.as_ref().and_then(|path| path.metadata().ok()).map_or(0, |about| about.len());
    let before = size();
    chatkeep.database().reclaim()?;
    Ok(before.saturating_sub(size()))
}

pub(super) fn described(reclaimed: u64) -> String {
    format!("freed {}\n", bytes(reclaimed))
}
