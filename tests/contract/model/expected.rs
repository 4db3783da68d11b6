//! The model: lists and loops over them.

use std::collections::BTreeMap;

use chatkeep::{Message, NewMessage, Timestamp, TokenReason, TotalCost};
use serde_json::Value;

use super::calls::{Draft, Filter};

/// The contents of a message log and a token store.
#[derive(Debug, Default)]
pub(super) struct Expected {
    messages: Vec<StoredMessage>,
    pub(super) tokens: Vec<ModelToken>,
}

#[derive(Debug, Clone)]
struct StoredMessage {
    id: i64,
    draft: Draft,
}

/// A token and its state.
#[derive(Debug)]
pub(super) struct ModelToken {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) description: String,
    pub(super) expired: bool,
    pub(super) revoked: bool,
}

impl ModelToken {
    pub(super) fn reason(&self) -> TokenReason {
        match (self.revoked, self.expired) {
            (true, _) => TokenReason::Revoked,
            (false, true) => TokenReason::Expired,
            (false, false) => TokenReason::Valid,
        }
    }
}

/// Totals of the model.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) messages: i64,
    pub(super) tokens: i128,
    pub(super) average: Option<f64>,
    pub(super) providers: BTreeMap<String, i64>,
    pub(super) models: BTreeMap<String, i64>,
    pub(super) by_date: BTreeMap<String, i64>,
    pub(super) cost: TotalCost,
    pub(super) with_cost: i64,
    pub(super) cost_by_provider: BTreeMap<String, TotalCost>,
    pub(super) cost_by_model: BTreeMap<String, TotalCost>,
    pub(super) cost_by_date: BTreeMap<String, TotalCost>,
}

impl Expected {
    pub(super) fn log(&mut self, id: i64, draft: Draft) {
        assert!(
            self.messages.iter().all(|stored| stored.id != id),
            "the id {id} is returned twice"
        );
        self.messages.push(StoredMessage { id, draft });
    }

    /// Returns the messages that match, newest first.
    fn sorted(&self, keep: impl Fn(&Draft) -> bool) -> Vec<&StoredMessage> {
        let mut found: Vec<_> = self.messages.iter().filter(|stored| keep(&stored.draft)).collect();
        found.sort_by_key(|stored| std::cmp::Reverse((stored.draft.timestamp, stored.id)));
        found
    }

    pub(super) fn matching(&self, filter: &Filter) -> Vec<i64> {
        self.sorted(|draft| filter.matches(draft)).into_iter().map(|stored| stored.id).collect()
    }

    pub(super) fn containing(&self, query: &str, filter: &Filter) -> Vec<i64> {
        let query = query.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&query);
        let found = self
            .sorted(|draft| contains(&draft.text) || draft.answer.as_deref().is_some_and(contains))
            .into_iter()
            .filter(|stored| filter.matches(&stored.draft));
        found.map(|stored| stored.id).collect()
    }

    pub(super) fn delete_before(&mut self, cutoff: Timestamp) -> u64 {
        let before = self.messages.len();
        self.messages.retain(|stored| stored.draft.timestamp >= cutoff);
        (before - self.messages.len()) as u64
    }

    pub(super) fn totals(&self, filter: &Filter) -> Totals {
        let mut totals = Totals::default();
        let mut counted = 0;
        for StoredMessage { draft, .. } in self.sorted(|draft| filter.matches(draft)) {
            let count = |map: &mut BTreeMap<String, i64>, name: Option<&String>| {
                *map.entry(name.cloned().unwrap_or_else(|| "unknown".to_owned())).or_default() += 1;
            };
            totals.messages += 1;
            counted += i64::from(draft.tokens_used().is_some());
            totals.tokens += i128::from(draft.tokens_used().unwrap_or(0));
            let date = draft.timestamp.to_string()[..10].to_owned();
            if let Some(cost) = draft.cost() {
                let add = |map: &mut BTreeMap<String, TotalCost>, name: Option<&String>| {
                    let name = name.cloned().unwrap_or_else(|| "unknown".to_owned());
                    *map.entry(name).or_default() += cost.into();
                };
                totals.with_cost += 1;
                totals.cost += cost.into();
                add(&mut totals.cost_by_provider, draft.provider.as_ref());
                add(&mut totals.cost_by_model, draft.model.as_ref());
                add(&mut totals.cost_by_date, Some(&date));
            }
            count(&mut totals.providers, draft.provider.as_ref());
            count(&mut totals.models, draft.model.as_ref());
            count(&mut totals.by_date, Some(&date));
        }
        totals.average = (counted > 0).then(|| totals.tokens as f64 / counted as f64);
        totals
    }

    /// Asserts that `stored` equals the model's messages, field by field, newest first.
    pub(super) fn assert_same(&self, stored: &[Message]) {
        let expected = self.sorted(|_| true);
        assert_eq!(stored.len(), expected.len());
        for (stored, StoredMessage { id, draft }) in stored.iter().zip(expected) {
            assert_eq!((stored.id, stored.timestamp), (*id, draft.timestamp));
            assert_eq!((&stored.user_message, &stored.bot_response), (&draft.text, &draft.answer));
            assert_eq!((&stored.provider, &stored.model), (&draft.provider, &draft.model));
            assert_eq!(stored.tokens_used, draft.tokens_used());
            let logged = NewMessage::from(stored.clone());
            assert_eq!(logged.conversation_id, draft.conversation_id());
            assert_eq!(logged.user_id, draft.user_id());
            let usage = draft.details.as_ref().map(|details| details.usage.clone());
            assert_eq!(
                logged.usage.map(|usage| *usage).unwrap_or_default(),
                usage.unwrap_or_default()
            );
            let metadata =
                stored.metadata.as_ref().map(|metadata| Value::Object(metadata.to_map()));
            assert_eq!(metadata, draft.metadata.clone().map(Value::Object));
        }
    }
}

impl Filter {
    fn matches(&self, draft: &Draft) -> bool {
        let has = |(key, wanted): &(String, Value)| {
            draft
                .metadata
                .as_ref()
                .and_then(|metadata| metadata.get(key))
                .is_some_and(|value| are_equal(value, wanted))
        };
        (self.provider.is_none() || self.provider == draft.provider)
            && (self.model.is_none() || self.model == draft.model)
            && self.start.is_none_or(|start| start <= draft.timestamp)
            && self.end.is_none_or(|end| draft.timestamp <= end)
            && (self.conversation_id.is_none() || self.conversation_id == draft.conversation_id())
            && (self.user_id.is_none() || self.user_id == draft.user_id())
            && self.metadata.iter().all(has)
    }
}

/// Compares JSON values; numbers are equal by value. The numbers here are small.
fn are_equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
