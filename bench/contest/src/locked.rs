//! Versions of what is linked: libraries in Rust do not say their own.

/// The version that a `Cargo.lock` has for a package; the highest where it has several, `unknown` where it has none.
///
/// ```
/// let lock = "[[package]]\nname = \"rusqlite\"\nversion = \"0.40.2\"\n";
/// assert_eq!(chatkeep_contest::locked(lock, "rusqlite"), "0.40.2");
/// assert_eq!(chatkeep_contest::locked(lock, "sqlx"), "unknown");
/// ```
pub fn locked(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let lines = lock.lines().zip(lock.lines().skip(1));
    let versions =
        lines.filter(|(line, _)| *line == name).filter_map(|(_, next)| next.split('"').nth(1));
    // The file is sorted, so that the last one is the highest.
    versions.last().unwrap_or("unknown").to_owned()
}
