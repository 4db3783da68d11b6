//! Generated files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The generated files, by path relative to the repository.
#[derive(Default)]
pub(crate) struct Output {
    files: Vec<(String, String)>,
    lacks_part: bool,
}

impl Output {
    /// Adds a file.
    pub(crate) fn add(&mut self, path: impl Into<String>, text: String) {
        self.files.push((path.into(), text));
    }

    /// Adds a part of a file, between the lines `<!-- name: generated -->` and `<!-- end -->`.
    pub(crate) fn add_part(&mut self, path: &str, name: &str, text: String) {
        let start = format!("<!-- {name}: generated -->\n");
        let current = std::fs::read_to_string(repository().join(path)).unwrap_or_default();
        let parts = current
            .split_once(&start)
            .and_then(|(before, rest)| Some((before, rest.split_once("<!-- end -->")?.1)));
        let Some((before, after)) = parts else {
            eprintln!("{path} has no part {name:?}");
            self.lacks_part = true;
            return;
        };
        self.add(path, format!("{before}{start}\n{text}\n<!-- end -->{after}"));
    }

    /// Writes the files, or fails if one of them differs from the repository's or lacks a part.
    pub(crate) fn finish(self, is_write: bool) -> ExitCode {
        let mut is_current = !self.lacks_part;
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

/// Returns the repository's folder, which contains the current directory. The one at compile time
/// could be another clone's, because build output may be shared between clones.
pub(crate) fn repository() -> PathBuf {
    let current = std::env::current_dir().expect("the current directory is readable");
    let mut folders = current.ancestors().filter(|folder| folder.join("Cargo.lock").is_file());
    folders.next().expect("the current directory is in the repository").to_owned()
}
