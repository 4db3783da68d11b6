//! Recorded requests, their outcomes and sources.

use serde::Serialize;

use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Cost, JsonValue, Timestamp};

/// A recorded attempt of a request to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct RoutingRequest {
    /// Id of the request. Its attempts have the same id.
    pub request_id: String,
    /// Number of the attempt, from 1.
    pub attempt: i32,
    /// Public id of the request's user, if any.
    pub user_id: Option<String>,
    /// Public id of the request's conversation, if any.
    pub conversation_id: Option<String>,
    /// Capability that was needed.
    pub capability: Option<String>,
    /// Name of the provider.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Outcome of the request.
    pub outcome: RoutingOutcome,
    /// Kind of the error, if the request failed.
    pub error_kind: Option<String>,
    /// Duration of the request, in milliseconds.
    pub latency_ms: Option<i64>,
    /// Time to the first token, in milliseconds.
    pub ttft_ms: Option<i64>,
    /// Number of input tokens, including the cached ones.
    pub input_tokens: Option<i64>,
    /// Number of output tokens, including the reasoning.
    pub output_tokens: Option<i64>,
    /// Number of input tokens that the provider read from its cache.
    pub cached_tokens: Option<i64>,
    /// Number of output tokens of the model's reasoning.
    pub reasoning_tokens: Option<i64>,
    /// Cost in US dollars, as decimal text.
    pub cost: Option<Cost>,
    /// Why this provider and model were chosen.
    pub reason: Option<JsonValue>,
    /// Source of the request.
    pub source: RoutingSource,
    /// Time of the request.
    pub created_at: Timestamp,
}

/// The outcome of a request to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum RoutingOutcome {
    /// The model responded.
    Success,
    /// The request failed.
    Failure,
    /// The caller cancelled the request. It counts neither as success nor as failure.
    Cancelled,
}

impl RoutingOutcome {
    /// All outcomes.
    const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Cancelled];

    /// Returns the stable name: `success`, `failure` or `cancelled`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }

    /// Parses a stored outcome.
    pub(super) fn from_stored(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|outcome| outcome.name() == name);
        found.ok_or_else(|| Error::internal(format!("{name:?} is not an outcome of a request")))
    }
}

/// The source of a request to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum RoutingSource {
    /// A user's or the application's request.
    Request,
    /// A request that only checks whether the provider responds.
    Probe,
}

impl RoutingSource {
    /// All sources.
    const ALL: [Self; 2] = [Self::Request, Self::Probe];

    /// Returns the stable name: `request` or `probe`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Probe => "probe",
        }
    }

    /// Parses a stored source.
    pub(super) fn from_stored(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|source| source.name() == name);
        found.ok_or_else(|| Error::internal(format!("{name:?} is not a source of a request")))
    }
}

/// A page of recorded requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct RoutingRequestPage {
    /// The requests, newest first.
    pub requests: Vec<RoutingRequest>,
    /// Position of the next page. `None` if this is the last one.
    pub next_cursor: Option<String>,
}
