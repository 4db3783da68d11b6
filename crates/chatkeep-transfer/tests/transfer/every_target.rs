//! Copies and restores the content of a database into each engine.

use std::fs::File;
use std::time::Duration;

use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, backup, check_backup, copy, restore};

use crate::store::{Store, other, url};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Name of the backup in the folder of the store.
pub(crate) const BACKUP: &str = "chat.tar.zst";

/// Writes a backup of a store, which must have these numbers of rows in these tables. Copies the
/// store and restores the backup into each engine, and runs `check` on each of these targets.
pub(crate) fn on_every_target(store: &Store, rows: &[(&str, u64)], check: impl Fn(&Store)) {
    let file = store.path(BACKUP);
    backup(store, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    let content = check_backup(&file, &mut |_| {}).expect("sound");
    for (table, rows) in rows {
        assert_eq!(content.rows_of(table), *rows, "{table}");
    }
    for engine in Engine::available() {
        let copied = other(engine);
        let (from, to) = (url(store.raw.url()), url(copied.raw.url()));
        let report = copy(&from, &to, CopyOptions::default(), &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("to {engine}: {error:?}"));
        assert!(report.comparison.equal, "{engine}");
        let restored = other(engine);
        let report = restore(&url(restored.raw.url()), &file, TIMEOUT, &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("into {engine}: {error:?}"));
        assert_eq!(report.comparison.target, content);
        check(&copied);
        check(&restored);
    }
}
