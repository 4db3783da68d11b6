//! Versions of linked libraries, which Rust libraries do not report themselves.

/// Returns the version of a package in a `Cargo.lock`. If there are several, it returns the highest
/// one; if the package is missing, it returns `unknown`.
///
/// ```
/// let lock = "[[package]]\nname = \"rusqlite\"\nversion = \"0.40.2\"\n";
/// assert_eq!(chatkeep_bench_protocol::locked(lock, "rusqlite"), "0.40.2");
/// assert_eq!(chatkeep_bench_protocol::locked(lock, "sqlx"), "unknown");
/// ```
pub fn locked(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let lines = lock.lines().zip(lock.lines().skip(1));
    let versions =
        lines.filter(|(line, _)| *line == name).filter_map(|(_, next)| next.split('"').nth(1));
    // The file is sorted, so the last one is the highest.
    versions.last().unwrap_or("unknown").to_owned()
}
