//! The result files of a run.

use std::fs;
use std::path::Path;

use chatkeep_bench_protocol::Result;

use crate::markdown;
use crate::record::Record;

const RECORD: &str = "results.json";
const PAGE: &str = "results.md";

/// Writes the record and the page.
pub(crate) fn write(record: &Record, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(RECORD), serde_json::to_string_pretty(record)? + "\n")?;
    render(folder)
}

/// Regenerates the page from the record.
pub(crate) fn render(folder: &Path) -> Result<()> {
    let record: Record = serde_json::from_str(&fs::read_to_string(folder.join(RECORD))?)?;
    Ok(fs::write(folder.join(PAGE), markdown::page(&record))?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_written_record_can_be_rendered_again() {
        let record = Record {
            taken: "2026-01-02T03:04:05Z".to_owned(),
            quick: true,
            rounds: 5,
            round_seconds: 0.15,
            machine: BTreeMap::new(),
            results: Vec::new(),
            studies: Vec::new(),
            moving: None,
            instructions: BTreeMap::new(),
            notes: vec!["This run is not finished.".to_owned()],
        };
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join("not/there/yet");
        write(&record, &unfinished).unwrap();
        let page = fs::read_to_string(unfinished.join(PAGE)).unwrap();
        assert!(page.contains("**This run is not finished.**"), "{page}");
        fs::remove_file(unfinished.join(PAGE)).unwrap();
        render(&unfinished).unwrap();
        assert_eq!(fs::read_to_string(unfinished.join(PAGE)).unwrap(), page);
    }
}
