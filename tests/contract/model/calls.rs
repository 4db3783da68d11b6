//! The calls, generated from few values so that they interact.

use chatkeep::{Cost, MessageFilter, MessageStatus, Metadata, NewMessage, Timestamp, Usage};
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{Index, select};
use proptest::{collection, option, prop_oneof};
use serde_json::{Map, Value, json};

use crate::store::at;

/// A generated message.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) answer: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
    pub(super) tokens: Option<i64>,
    pub(super) timestamp: Timestamp,
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) details: Option<Details>,
}

/// Conversation, user and usage of a generated message. The usage may be empty.
#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) conversation_id: Option<i64>,
    pub(super) user_id: Option<i64>,
    pub(super) usage: Usage,
}

impl Draft {
    pub(super) fn message(&self) -> NewMessage {
        let message = NewMessage {
            user_message: self.text.clone(),
            bot_response: self.answer.clone(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            tokens_used: self.tokens,
            timestamp: Some(self.timestamp),
            metadata: self
                .metadata
                .clone()
                .map(|map| Metadata::from_map(map).expect("the metadata is valid")),
            ..NewMessage::default()
        };
        let Some(Details { conversation_id, user_id, usage }) = self.details.clone() else {
            return message;
        };
        NewMessage { conversation_id, user_id, ..message }.with_usage(usage)
    }

    pub(super) fn conversation_id(&self) -> Option<i64> {
        self.details.as_ref()?.conversation_id
    }

    pub(super) fn user_id(&self) -> Option<i64> {
        self.details.as_ref()?.user_id
    }

    pub(super) fn cost(&self) -> Option<Cost> {
        self.details.as_ref()?.usage.cost
    }

    /// Returns the stored number of tokens.
    pub(super) fn tokens_used(&self) -> Option<i64> {
        self.tokens.or_else(|| {
            let usage = &self.details.as_ref()?.usage;
            let parts = [usage.input_tokens, usage.output_tokens];
            parts.iter().any(Option::is_some).then(|| parts.iter().flatten().sum())
        })
    }
}

/// The messages of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    pub(super) metadata: Vec<(String, Value)>,
    pub(super) conversation_id: Option<i64>,
    pub(super) user_id: Option<i64>,
}

impl Filter {
    pub(super) fn to_filter(&self) -> MessageFilter {
        let filter = MessageFilter {
            provider: self.provider.clone(),
            model: self.model.clone(),
            start: self.start,
            end: self.end,
            metadata: Vec::new(),
            conversation_id: self.conversation_id,
            user_id: self.user_id,
        };
        self.metadata.iter().fold(filter, |filter, (key, value)| {
            filter.with_metadata(key.as_str(), value.clone()).expect("the filter is valid")
        })
    }
}

/// A call. An [`Index`] selects one of the existing tokens.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Log(Draft),
    LogMany(Vec<Draft>),
    List {
        filter: Filter,
        limit: i64,
        offset: i64,
    },
    ListInPages {
        filter: Filter,
        limit: i64,
    },
    Count(Filter),
    Search {
        query: String,
        filter: Filter,
        limit: i64,
        offset: i64,
    },
    Totals(Filter),
    /// Rebuilds the stored totals, from which the next analytics are read.
    RebuildTotals,
    DeleteOld {
        days: i64,
    },
    CreateToken {
        description: String,
    },
    CheckToken(Index),
    ExpireToken(Index),
    RevokeToken(Index),
    ListTokens,
    DeleteExpiredTokens,
}

pub(super) fn calls() -> impl Strategy<Value = Vec<Call>> {
    collection::vec(call(), 1..24)
}

fn call() -> impl Strategy<Value = Call> {
    let page = || (select(&[1, 2, 5, 1_000]), 0_i64..4);
    prop_oneof![
        6 => draft().prop_map(Call::Log),
        4 => collection::vec(draft(), 0..8).prop_map(Call::LogMany),
        5 => (filter(), page()).prop_map(|(filter, (limit, offset))| Call::List { filter, limit, offset }),
        2 => (filter(), 1_i64..4).prop_map(|(filter, limit)| Call::ListInPages { filter, limit }),
        3 => filter().prop_map(Call::Count),
        5 => (text(1), search_filter(), page())
            .prop_map(|(query, filter, (limit, offset))| Call::Search { query, filter, limit, offset }),
        3 => totals_filter().prop_map(Call::Totals),
        1 => Just(Call::RebuildTotals),
        1 => select(&[1, 3_000]).prop_map(|days| Call::DeleteOld { days }),
        2 => text(0).prop_map(|description| Call::CreateToken { description }),
        2 => any::<Index>().prop_map(Call::CheckToken),
        1 => any::<Index>().prop_map(Call::ExpireToken),
        1 => any::<Index>().prop_map(Call::RevokeToken),
        1 => Just(Call::ListTokens),
        1 => Just(Call::DeleteExpiredTokens),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let metadata = option::of(collection::btree_map(key(), value(), 0..3));
    (
        text(0),
        option::of(text(0)),
        option::of(name()),
        option::of(name()),
        tokens(),
        timestamp(),
        metadata,
        option::weighted(0.4, details()),
    )
        .prop_map(|(text, answer, provider, model, tokens, timestamp, metadata, details)| {
            Draft {
                text,
                answer,
                provider,
                model,
                tokens,
                timestamp,
                metadata: metadata.map(|map| map.into_iter().collect()),
                details,
            }
        })
}

fn details() -> impl Strategy<Value = Details> {
    let count = || option::of(select(vec![0_i64, 1, 4_294_967_296]));
    let cost = select(vec![0, 1, 1_250_000, i64::MAX])
        .prop_map(|nano| Cost::from_nano_dollars(nano).expect("the cost is valid"));
    let status = option::of(select(MessageStatus::ALL.to_vec()));
    (option::of(id()), option::of(id()), count(), count(), option::of(cost), status, count())
        .prop_map(|(conversation_id, user_id, input, output, cost, status, latency_ms)| {
            let usage = Usage {
                input_tokens: input,
                output_tokens: output,
                cached_tokens: input,
                reasoning_tokens: output,
                cost,
                latency_ms,
                ttft_ms: latency_ms.map(|latency| latency / 2),
                status,
                error: status
                    .filter(|status| *status == MessageStatus::Failed)
                    .map(|status| status.to_string()),
            };
            Details { conversation_id, user_id, usage }
        })
}

/// A conversation or a user. Few of them, so that filters match.
fn id() -> impl Strategy<Value = i64> {
    select(vec![1, 2, i64::MAX])
}

/// The filter of analytics.
fn totals_filter() -> impl Strategy<Value = Filter> {
    let id = || option::weighted(0.3, id());
    (option::of(timestamp()), option::of(timestamp()), id(), id()).prop_map(
        |(start, end, conversation_id, user_id)| Filter {
            start,
            end,
            conversation_id,
            user_id,
            ..Filter::default()
        },
    )
}

fn filter() -> impl Strategy<Value = Filter> {
    let metadata = prop_oneof![3 => Just(Vec::new()), 2 => collection::vec((key(), value()), 1..3)];
    (
        option::weighted(0.3, name()),
        option::weighted(0.2, name()),
        option::of(timestamp()),
        option::of(timestamp()),
        metadata,
        option::weighted(0.3, id()),
        option::weighted(0.3, id()),
    )
        .prop_map(|(provider, model, start, end, metadata, conversation_id, user_id)| Filter {
            provider,
            model,
            start,
            end,
            metadata,
            conversation_id,
            user_id,
        })
}

/// Searches mostly have no filter.
fn search_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![2 => Just(Filter::default()), 1 => filter()]
}

/// A short text of characters that are special in some syntax, and of letters in both cases.
fn text(least: usize) -> impl Strategy<Value = String> {
    let character = select(vec![
        'a',
        'A',
        'b',
        'é',
        'É',
        'ß',
        '\u{1f600}',
        '%',
        '_',
        '\\',
        '.',
        '\'',
        ' ',
        '\n',
        '*',
    ]);
    collection::vec(character, least..5).prop_map(String::from_iter)
}

fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "A", "a ", "é", ""]).prop_map(str::to_owned)
}

fn tokens() -> impl Strategy<Value = Option<i64>> {
    option::of(select(vec![0, 1, 10, 4_294_967_296, i64::MAX]))
}

/// Timestamps far from the cutoffs of the generated deletions, which are 1 and 3,000 days.
fn timestamp() -> impl Strategy<Value = Timestamp> {
    let timestamps = [
        "1001-01-01",
        "2001-01-01",
        "2001-01-01T00:00:00.000001Z",
        "2023-12-31T23:59:59.999999Z",
        "2024-01-01",
        "2999-01-01",
    ];
    select(timestamps.map(at).to_vec())
}

fn key() -> impl Strategy<Value = String> {
    select(vec!["k", "K", "a b", "-1", "a\"b", "a\\", "$.k", "", "é"]).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(1),
        json!(1.0),
        json!(-1.5),
        json!("1"),
        json!(true),
        json!(false),
        json!(null),
        json!(""),
        json!("é\"-_"),
    ])
}
