//! Folders of the cache folder that hold the packages of a pinned list.

use std::fs;
use std::path::PathBuf;

use crate::cksum::cksum;
use crate::failure::{Context, Result};
use crate::project::Project;

/// A folder that is filled once. A changed list selects another folder.
pub(crate) struct PinnedFolder {
    /// The folder, which exists once it is filled.
    pub(crate) path: PathBuf,
}

impl PinnedFolder {
    /// Selects the folder whose name in the cache folder begins with `prefix`, by the contents of
    /// `lists`.
    ///
    /// # Errors
    ///
    /// Fails if a list is unreadable.
    pub(super) fn new(project: &Project, prefix: &str, lists: &[PathBuf]) -> Result<Self> {
        let mut contents = Vec::new();
        for list in lists {
            contents.extend(fs::read(list).context(list.display())?);
        }
        Ok(Self { path: project.cache.join(format!("{prefix}{}", cksum(&contents))) })
    }

    /// Runs `fill` unless the folder is filled. An interrupted attempt starts again.
    pub(super) fn fill(&self, fill: impl FnOnce() -> Result) -> Result {
        let done = self.path.join("done");
        if done.exists() {
            return Ok(());
        }
        if self.path.exists() {
            fs::remove_dir_all(&self.path).context(self.path.display())?;
        }
        fill()?;
        fs::write(&done, "").context(done.display())
    }
}
