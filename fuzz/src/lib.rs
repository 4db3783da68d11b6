//! Shared by the fuzz targets: checks of errors, and a folder for their files.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use chatkeep::{Error, ErrorKind};

/// Returns every text of an error, including those of its causes.
pub fn texts(error: &Error) -> Vec<String> {
    let mut texts = vec![error.to_string(), format!("{error:?}"), error.message().to_owned()];
    texts.extend(error.field().map(str::to_owned));
    let mut cause = error.source();
    while let Some(inner) = cause {
        texts.extend([inner.to_string(), format!("{inner:?}")]);
        cause = inner.source();
    }
    texts
}

/// Checks that an error is of one of these kinds, and that its message has a bounded length.
#[track_caller]
pub fn check_error(error: &Error, kinds: &[ErrorKind]) {
    assert!(kinds.contains(&error.kind()), "expected one of {kinds:?}: {error:?}");
    assert!(!error.message().is_empty(), "no message: {error:?}");
    assert!(error.message().len() <= 2_000, "a message of {} bytes", error.message().len());
}

/// Checks that an error is `InvalidInput` and names this field.
#[track_caller]
pub fn check_field(error: &Error, field: &str) {
    check_error(error, &[ErrorKind::InvalidInput]);
    assert_eq!(error.field(), Some(field), "{error:?}");
}

/// Returns a path in a folder of this process, which is removed by the script that runs the
/// targets.
pub fn path(name: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder =
        FOLDER.get_or_init(|| tempfile::tempdir().expect("the temporary folder is created"));
    folder.path().join(name)
}
