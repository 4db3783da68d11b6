//! Generated files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The generated files, by path relative to the repository.
#[derive(Default)]
pub(crate) struct Output {
    files: Vec<(String, String)>,
}

impl Output {
    /// Adds a file.
    pub(crate) fn add(&mut self, path: impl Into<String>, text: String) {
        self.files.push((path.into(), text));
    }

    /// Writes the files, or fails if one of them differs from the repository's.
    pub(crate) fn finish(self, is_write: bool) -> ExitCode {
        let mut is_current = true;
        for (path, text) in self.files {
            let file = repository().join(&path);
            if std::fs::read_to_string(&file).is_ok_and(|current| current == text) {
                continue;
            }
            if !is_write {
                eprintln!("{path} is out of date; run `make generate`");
                is_current = false;
            } else if let Err(error) = write(&file, &text) {
                eprintln!("{path}: {error}");
                is_current = false;
            }
        }
        if is_current { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text)
}

/// Returns the repository's folder.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
