//! Concurrent runs would install the same packages, so one waits for the other.

use std::fs::File;

use crate::failure::{Context, Result};
use crate::project::Project;

/// Waits for the lock, which is held until the file is dropped.
pub(super) fn acquire(project: &Project) -> Result<File> {
    let path = project.cache.join("setup.lock");
    let file = File::create(&path).context(path.display())?;
    #[cfg(unix)]
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
        .map_err(std::io::Error::from)
        .context(path.display())?;
    Ok(file)
}
