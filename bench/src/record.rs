//! The record of a run in `results.json`, from which the tables and plots are generated.

use std::collections::BTreeMap;

use chatkeep_bench_protocol::{Engine, Path, stats};
use serde::{Deserialize, Serialize};

use crate::participants::{Language, Role};
use crate::plan::Cell;
use crate::studies::Findings;
use crate::studies::moving::Moving;

/// A whole run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Start time, in UTC.
    pub(crate) taken: String,
    pub(crate) quick: bool,
    pub(crate) rounds: usize,
    pub(crate) round_seconds: f64,
    /// Properties of the machine, by name.
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) results: Vec<CellRecord>,
    #[serde(default)]
    pub(crate) studies: Vec<Findings>,
    #[serde(default)]
    pub(crate) moving: Option<Moving>,
    /// Instructions by kind of call; empty if they were not counted.
    pub(crate) instructions: BTreeMap<String, f64>,
    /// Notes for the reader, for example about a missing server.
    pub(crate) notes: Vec<String>,
}

/// Results of the competitors that ran in turns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CellRecord {
    pub(crate) engine: Engine,
    pub(crate) path: Path,
    pub(crate) callers: usize,
    pub(crate) entries: Vec<Entry>,
}

/// The results of one competitor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) language: String,
    /// `subject`, `peer` or `limit`.
    pub(crate) role: String,
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) durability: BTreeMap<String, String>,
    /// Rows, checks or pages per second, by round.
    pub(crate) rates: Vec<f64>,
    /// Microseconds, by round.
    pub(crate) p50_us: Vec<f64>,
    pub(crate) p99_us: Vec<f64>,
    /// Disk flushes per call.
    pub(crate) flushes_a_call: Option<f64>,
    /// The reason if it has no results.
    pub(crate) failure: Option<String>,
}

impl CellRecord {
    pub(crate) fn is(&self, cell: Cell) -> bool {
        (self.engine, self.path, self.callers) == (cell.engine, cell.path, cell.callers)
    }

    /// Returns the labels of the subjects, which are the same in all languages.
    pub(crate) fn subjects(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.is_subject()) {
            if !labels.contains(&entry.label.as_str()) {
                labels.push(&entry.label);
            }
        }
        labels
    }

    /// Returns the entry to compare with: the subject with this label in the same language if there
    /// is one, otherwise in Rust. The subject itself is compared with that in Rust.
    pub(crate) fn counterpart(&self, label: &str, entry: &Entry) -> Option<&Entry> {
        let of = |language: &str| {
            let is_it = |other: &&Entry| {
                other.is_subject() && other.label == label && other.language == language
            };
            self.entries.iter().find(is_it)
        };
        let own = of(&entry.language).filter(|subject| subject.name != entry.name);
        own.or_else(|| of(Language::Rust.name())).filter(|subject| subject.name != entry.name)
    }

    /// Returns an entry that has results.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name && entry.failure.is_none())
    }
}

impl Entry {
    pub(crate) fn is_subject(&self) -> bool {
        self.role == Role::Subject.name()
    }

    /// Returns the label for output that does not show the language separately.
    pub(crate) fn full_label(&self) -> String {
        if self.is_subject() && self.language != Language::Rust.name() {
            format!("{} ({})", self.label, self.language)
        } else {
            self.label.clone()
        }
    }

    pub(crate) fn rate(&self) -> Option<f64> {
        stats::median(&self.rates).filter(|_| self.failure.is_none())
    }

    /// Returns its speed relative to another entry, as the median of the ratios of the individual
    /// rounds.
    pub(crate) fn ratio(&self, other: &Self) -> Option<f64> {
        let ratios: Vec<f64> =
            self.rates.iter().zip(&other.rates).map(|(mine, others)| mine / others).collect();
        stats::median(&ratios).filter(|_| self.failure.is_none() && other.failure.is_none())
    }

    /// Returns the distance between the slowest and the fastest round, divided by the median.
    pub(crate) fn spread(&self) -> Option<f64> {
        let least = self.rates.iter().copied().reduce(f64::min)?;
        let most = self.rates.iter().copied().reduce(f64::max)?;
        Some((most - least) / self.rate()?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn entry(name: &str, role: &str, rates: &[f64]) -> Entry {
        Entry {
            name: name.to_owned(),
            label: format!("the {name}"),
            language: "Rust".to_owned(),
            role: role.to_owned(),
            rates: rates.to_vec(),
            ..Entry::default()
        }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds() {
        let ours = entry("ours", "subject", &[100.0, 10.0, 60.0]);
        let theirs = entry("theirs", "peer", &[50.0, 5.0, 20.0]);
        // The machine was slow in the second round, for both.
        assert_eq!(ours.ratio(&theirs), Some(2.0));
        assert_eq!(ours.rate(), Some(60.0));
        assert_eq!(ours.spread(), Some(1.5));
        let failed = Entry { failure: Some("no".to_owned()), ..theirs };
        assert_eq!((ours.ratio(&failed), failed.rate(), failed.spread()), (None, None, None));
    }
}
