//! Operations on folders that the standard library lacks.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Context, Result};

/// Copies a folder with its contents, except Python's caches.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to).context(to.display())?;
    for entry in fs::read_dir(from).context(from.display())? {
        let entry = entry.context(from.display())?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            if entry.file_name() != "__pycache__" {
                copy_folder(&source, &target)?;
            }
        } else {
            fs::copy(&source, &target).context(source.display())?;
        }
    }
    Ok(())
}

/// Returns the entries of the folder `parent` of which the name has this form, sorted. `*` in
/// `pattern` stands for any text, and occurs at most once. A missing folder has no entries.
pub(crate) fn matching(parent: impl AsRef<Path>, pattern: &str) -> Vec<PathBuf> {
    let (start, end) = pattern.split_once('*').unwrap_or((pattern, ""));
    let is_match = |name: &str| match pattern.contains('*') {
        true => name.len() >= pattern.len() - 1 && name.starts_with(start) && name.ends_with(end),
        false => name == pattern,
    };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_match))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Returns the paths of which each part has the form of that part of `pattern`; see [`matching`].
pub(crate) fn glob(pattern: &str) -> Vec<PathBuf> {
    let (mut found, rest) = match pattern.strip_prefix('/') {
        Some(rest) => (vec![PathBuf::from("/")], rest),
        None => (vec![PathBuf::new()], pattern),
    };
    for part in rest.split('/') {
        found = found.iter().flat_map(|folder| step(folder, part)).collect();
    }
    found
}

fn step(folder: &Path, part: &str) -> Vec<PathBuf> {
    if part.contains('*') {
        let parent = if folder == Path::new("") { Path::new(".") } else { folder };
        let names = matching(parent, part);
        names.iter().filter_map(|path| path.file_name()).map(|name| folder.join(name)).collect()
    } else {
        Some(folder.join(part)).filter(|path| path.exists()).into_iter().collect()
    }
}

/// Returns the first regular file below `folder` of which the name satisfies `condition`.
pub(crate) fn find(folder: &Path, condition: &dyn Fn(&OsStr) -> bool) -> Option<PathBuf> {
    let mut folders = Vec::new();
    for path in matching(folder, "*") {
        let kind = fs::symlink_metadata(&path).ok()?.file_type();
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_file() && path.file_name().is_some_and(condition) {
            return Some(path);
        }
    }
    folders.iter().find_map(|folder| find(folder, condition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_in_every_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a/14/bin/initdb", "a/18/bin/initdb", "a/17/readme", "b/19/bin/initdb"] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a parent")).expect("the folder");
            fs::write(file, "").expect("the file");
        }
        let found = |pattern: &str| -> Vec<String> {
            let paths = glob(&format!("{}/{pattern}", folder.path().display()));
            let names = paths.iter().filter_map(|path| path.strip_prefix(folder.path()).ok());
            names.map(|path| path.display().to_string()).collect()
        };
        assert_eq!(found("a/*/bin/initdb"), ["a/14/bin/initdb", "a/18/bin/initdb"]);
        assert_eq!(found("a/1*/read*e"), ["a/17/readme"]);
        assert_eq!(found("c/*"), [] as [&str; 0]);
        let initdb = find(&folder.path().join("b"), &|name| name == "initdb");
        assert_eq!(initdb, Some(folder.path().join("b/19/bin/initdb")));
    }
}
