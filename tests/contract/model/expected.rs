//! The model: lists, and loops over them.

use std::collections::BTreeMap;

use chatkeep::{Message, Timestamp, TokenReason};
use serde_json::Value;

use super::calls::{Filter, Given};

/// What a log and a token store of this kind hold, in the plainest form.
#[derive(Debug, Default)]
pub(super) struct Expected {
    messages: Vec<Kept>,
    pub(super) tokens: Vec<KeptToken>,
}

#[derive(Debug, Clone)]
struct Kept {
    id: i64,
    given: Given,
}

/// A token, and what is known of it.
#[derive(Debug)]
pub(super) struct KeptToken {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) description: String,
    pub(super) expired: bool,
    pub(super) revoked: bool,
}

impl KeptToken {
    pub(super) fn reason(&self) -> TokenReason {
        match (self.revoked, self.expired) {
            (true, _) => TokenReason::Revoked,
            (false, true) => TokenReason::Expired,
            (false, false) => TokenReason::Valid,
        }
    }
}

/// Totals as the model adds them up.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) messages: i64,
    pub(super) tokens: i128,
    pub(super) average: Option<f64>,
    pub(super) providers: BTreeMap<String, i64>,
    pub(super) models: BTreeMap<String, i64>,
    pub(super) by_date: BTreeMap<String, i64>,
}

impl Expected {
    pub(super) fn log(&mut self, id: i64, given: Given) {
        assert!(self.messages.iter().all(|kept| kept.id != id), "the id {id} is given twice");
        self.messages.push(Kept { id, given });
    }

    /// Newest first.
    fn sorted(&self, keep: impl Fn(&Given) -> bool) -> Vec<&Kept> {
        let mut found: Vec<_> = self.messages.iter().filter(|kept| keep(&kept.given)).collect();
        found.sort_by_key(|kept| std::cmp::Reverse((kept.given.timestamp, kept.id)));
        found
    }

    pub(super) fn matching(&self, filter: &Filter) -> Vec<i64> {
        self.sorted(|given| filter.lets_through(given)).into_iter().map(|kept| kept.id).collect()
    }

    pub(super) fn containing(&self, query: &str) -> Vec<i64> {
        let query = query.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&query);
        let found = self
            .sorted(|given| contains(&given.text) || given.answer.as_deref().is_some_and(contains));
        found.into_iter().map(|kept| kept.id).collect()
    }

    pub(super) fn delete_before(&mut self, moment: Timestamp) -> u64 {
        let before = self.messages.len();
        self.messages.retain(|kept| kept.given.timestamp >= moment);
        (before - self.messages.len()) as u64
    }

    pub(super) fn totals(&self, filter: &Filter) -> Totals {
        let mut totals = Totals::default();
        let mut counted = 0;
        for Kept { given, .. } in self.sorted(|given| filter.lets_through(given)) {
            let count = |map: &mut BTreeMap<String, i64>, name: Option<&String>| {
                *map.entry(name.cloned().unwrap_or_else(|| "unknown".to_owned())).or_default() += 1;
            };
            totals.messages += 1;
            counted += i64::from(given.tokens.is_some());
            totals.tokens += i128::from(given.tokens.unwrap_or(0));
            count(&mut totals.providers, given.provider.as_ref());
            count(&mut totals.models, given.model.as_ref());
            count(&mut totals.by_date, Some(&given.timestamp.to_string()[..10].to_owned()));
        }
        totals.average = (counted > 0).then(|| totals.tokens as f64 / counted as f64);
        totals
    }

    /// Asserts that this is what is stored, field by field, newest first.
    pub(super) fn assert_same(&self, stored: &[Message]) {
        let expected = self.sorted(|_| true);
        assert_eq!(stored.len(), expected.len());
        for (stored, Kept { id, given }) in stored.iter().zip(expected) {
            assert_eq!((stored.id, stored.timestamp), (*id, given.timestamp));
            assert_eq!((&stored.user_message, &stored.bot_response), (&given.text, &given.answer));
            assert_eq!((&stored.provider, &stored.model), (&given.provider, &given.model));
            assert_eq!(stored.tokens_used, given.tokens);
            let metadata =
                stored.metadata.as_ref().map(|metadata| Value::Object(metadata.to_map()));
            assert_eq!(metadata, given.metadata.clone().map(Value::Object));
        }
    }
}

impl Filter {
    fn lets_through(&self, given: &Given) -> bool {
        let has = |(key, wanted): &(String, Value)| {
            given
                .metadata
                .as_ref()
                .and_then(|metadata| metadata.get(key))
                .is_some_and(|value| are_equal(value, wanted))
        };
        (self.provider.is_none() || self.provider == given.provider)
            && (self.model.is_none() || self.model == given.model)
            && self.start.is_none_or(|start| start <= given.timestamp)
            && self.end.is_none_or(|end| given.timestamp <= end)
            && self.metadata.iter().all(has)
    }
}

/// Equal as JSON, where numbers are equal by value. The numbers here are small.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
