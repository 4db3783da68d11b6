//! A request to record, and the limits of its values.

use std::sync::LazyLock;

use super::record::{RoutingOutcome, RoutingSource};
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{
    Cost, JsonValue, Timestamp, check_bytes, check_name, check_nonempty_name, refuse_nul,
};

/// Maximum length of a request's id, in characters.
const MAX_REQUEST_ID: usize = 64;
/// Maximum length of a provider, a model, a capability and an error's kind, in characters.
pub(super) const MAX_NAME: usize = 100;
/// Maximum size of a reason, in bytes.
const MAX_REASON: u64 = 65_536;
/// Maximum number of an attempt.
const MAX_ATTEMPT: i64 = 1_000_000;
/// Maximum number of tokens and milliseconds of a request. Sums of 9 billion requests with this
/// number fit 64 bits.
const MAX_COUNT: i64 = 1_000_000_000;

/// An attempt of a request to a model, to record.
///
/// ```
/// use chatkeep_core::{NewRoutingRequest, RoutingOutcome};
///
/// let request = NewRoutingRequest {
///     latency_ms: Some(850),
///     cost: Some("0.00125".parse()?),
///     ..NewRoutingRequest::new("r-1", "openai", "gpt-4o", RoutingOutcome::Success)
/// };
/// assert_eq!(request.attempt, 1);
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewRoutingRequest {
    /// Id of the request, which its attempts share. 1–64 characters.
    pub request_id: String,
    /// Name of the provider. 1–100 characters.
    pub provider: String,
    /// Name of the model. 1–100 characters.
    pub model: String,
    /// Outcome of the request.
    pub outcome: RoutingOutcome,
    /// Number of the attempt, from 1.
    #[record(default = 1)]
    pub attempt: i64,
    /// Public id of the request's user. By default the conversation's user, if there is one.
    pub user_id: Option<String>,
    /// Public id of the request's conversation.
    pub conversation_id: Option<String>,
    /// Capability that was needed, at most 100 characters.
    pub capability: Option<String>,
    /// Kind of the error, such as `rate_limit`, at most 100 characters. Do not pass secrets.
    pub error_kind: Option<String>,
    /// Duration of the request, in milliseconds (0–1,000,000,000).
    pub latency_ms: Option<i64>,
    /// Time to the first token, in milliseconds (0–1,000,000,000).
    pub ttft_ms: Option<i64>,
    /// Number of input tokens, including the cached ones (0–1,000,000,000).
    pub input_tokens: Option<i64>,
    /// Number of output tokens, including the reasoning (0–1,000,000,000).
    pub output_tokens: Option<i64>,
    /// Number of input tokens that the provider read from its cache; at most `input_tokens`.
    pub cached_tokens: Option<i64>,
    /// Number of output tokens of the model's reasoning; at most `output_tokens`.
    pub reasoning_tokens: Option<i64>,
    /// Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals.
    pub cost: Option<Cost>,
    /// Why this provider and model were chosen, as JSON of at most 64 KiB.
    pub reason: Option<JsonValue>,
    /// Source of the request; by default `request`.
    pub source: Option<RoutingSource>,
    /// Time of the request; by default now.
    pub created_at: Option<Timestamp>,
}

impl NewRoutingRequest {
    /// Creates the first attempt of a request.
    pub fn new(
        request_id: impl Into<String>,
        provider: impl Into<String>,
        model: impl Into<String>,
        outcome: RoutingOutcome,
    ) -> Self {
        Self {
            request_id: request_id.into(),
            provider: provider.into(),
            model: model.into(),
            outcome,
            attempt: 1,
            user_id: None,
            conversation_id: None,
            capability: None,
            error_kind: None,
            latency_ms: None,
            ttft_ms: None,
            input_tokens: None,
            output_tokens: None,
            cached_tokens: None,
            reasoning_tokens: None,
            cost: None,
            reason: None,
            source: None,
            created_at: None,
        }
    }

    /// Validates the request without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_request_id(&self.request_id)?;
        check_nonempty_name("provider", &self.provider, MAX_NAME)?;
        check_nonempty_name("model", &self.model, MAX_NAME)?;
        check_attempt(self.attempt)?;
        for (field, id) in [("user_id", &self.user_id), ("conversation_id", &self.conversation_id)]
        {
            id.as_deref().map_or(Ok(()), |id| refuse_nul(field, id))?;
        }
        check_texts(self.capability.as_deref(), self.error_kind.as_deref())?;
        self.counts().check()?;
        self.reason.as_ref().map_or(Ok(()), check_reason)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cached_tokens: self.cached_tokens,
            reasoning_tokens: self.reasoning_tokens,
        }
    }
}

/// The durations and token counts of a request.
pub(super) struct Counts {
    pub(super) latency_ms: Option<i64>,
    pub(super) ttft_ms: Option<i64>,
    pub(super) input_tokens: Option<i64>,
    pub(super) output_tokens: Option<i64>,
    pub(super) cached_tokens: Option<i64>,
    pub(super) reasoning_tokens: Option<i64>,
}

impl Counts {
    pub(super) fn check(&self) -> Result<()> {
        for (field, count) in [
            ("latency_ms", self.latency_ms),
            ("ttft_ms", self.ttft_ms),
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
            ("cached_tokens", self.cached_tokens),
            ("reasoning_tokens", self.reasoning_tokens),
        ] {
            if let Some(count) = count.filter(|count| !(0..=MAX_COUNT).contains(count)) {
                let message = format!("must be between 0 and {MAX_COUNT}, not {count}");
                return Err(Error::invalid_input(field, message));
            }
        }
        check_part("cached_tokens", self.cached_tokens, "input_tokens", self.input_tokens)?;
        check_part("reasoning_tokens", self.reasoning_tokens, "output_tokens", self.output_tokens)
    }
}

/// Checks the id of a request.
///
/// # Errors
/// `InvalidInput` with the field `request_id`.
pub fn check_request_id(id: &str) -> Result<()> {
    check_nonempty_name("request_id", id, MAX_REQUEST_ID)
}

pub(super) fn check_attempt(attempt: i64) -> Result<()> {
    if (1..=MAX_ATTEMPT).contains(&attempt) {
        return Ok(());
    }
    let message = format!("must be between 1 and {MAX_ATTEMPT}, not {attempt}");
    Err(Error::invalid_input("attempt", message))
}

pub(super) fn check_texts(capability: Option<&str>, error_kind: Option<&str>) -> Result<()> {
    for (field, text) in [("capability", capability), ("error_kind", error_kind)] {
        text.map_or(Ok(()), |text| check_name(field, text, MAX_NAME))?;
    }
    Ok(())
}

pub(super) fn check_reason(reason: &JsonValue) -> Result<()> {
    check_bytes("reason", reason.as_json(), MAX_REASON)
}

/// Rejects a part of a number that exceeds the number.
fn check_part(
    field: &'static str,
    part: Option<i64>,
    whole_field: &str,
    whole: Option<i64>,
) -> Result<()> {
    match (part, whole) {
        (Some(part), Some(whole)) if part > whole => Err(Error::invalid_input(
            field,
            format!("must be at most {whole_field} ({whole}), which includes them, not {part}"),
        )),
        _ => Ok(()),
    }
}

/// A request to store: its user and conversation are known by their internal ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedRequest {
    pub(super) new: NewRoutingRequest,
    pub(super) user_id: Option<i64>,
    pub(super) conversation_id: Option<i64>,
    pub(super) created_at: Timestamp,
}

impl ResolvedRequest {
    /// Creates it from a request that was checked. A request without a time gets `now`.
    pub fn new(
        new: NewRoutingRequest,
        user_id: Option<i64>,
        conversation_id: Option<i64>,
        now: Timestamp,
    ) -> Self {
        let created_at = new.created_at.unwrap_or(now);
        Self { new, user_id, conversation_id, created_at }
    }

    /// Returns the id of the request and the number of the attempt, which are unique together.
    pub fn key(&self) -> (&str, i64) {
        (&self.new.request_id, self.new.attempt)
    }

    /// Returns the approximate size of the row, in bytes.
    pub fn size(&self) -> usize {
        500 + self.reason().map_or(0, |reason| reason.as_json().len())
    }

    pub(super) fn source(&self) -> RoutingSource {
        self.new.source.unwrap_or(RoutingSource::Request)
    }

    /// Returns the reason. A JSON null is none.
    pub(super) fn reason(&self) -> Option<&JsonValue> {
        static NULL: LazyLock<JsonValue> = LazyLock::new(JsonValue::null);
        self.new.reason.as_ref().filter(|reason| **reason != *NULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewRoutingRequest {
        NewRoutingRequest::new("r", "p", "m", RoutingOutcome::Success)
    }

    fn refused(request: NewRoutingRequest) -> String {
        let error = request.check().expect_err("it is invalid");
        error.field().unwrap_or_default().to_owned()
    }

    #[test]
    fn invalid_values_are_refused_with_their_field() {
        assert!(new().check().is_ok());
        assert_eq!(refused(NewRoutingRequest { request_id: String::new(), ..new() }), "request_id");
        assert_eq!(
            refused(NewRoutingRequest { request_id: "é".repeat(65), ..new() }),
            "request_id"
        );
        assert_eq!(refused(NewRoutingRequest { provider: "a\0".to_owned(), ..new() }), "provider");
        assert_eq!(refused(NewRoutingRequest { model: "m".repeat(101), ..new() }), "model");
        for attempt in [0, -1, MAX_ATTEMPT + 1] {
            assert_eq!(refused(NewRoutingRequest { attempt, ..new() }), "attempt");
        }
        let long = Some("k".repeat(101));
        assert_eq!(refused(NewRoutingRequest { error_kind: long.clone(), ..new() }), "error_kind");
        assert_eq!(refused(NewRoutingRequest { capability: long, ..new() }), "capability");
        assert_eq!(refused(NewRoutingRequest { latency_ms: Some(-1), ..new() }), "latency_ms");
        let most = Some(MAX_COUNT + 1);
        assert_eq!(refused(NewRoutingRequest { output_tokens: most, ..new() }), "output_tokens");
        let (input_tokens, cached_tokens) = (Some(1), Some(2));
        assert_eq!(
            refused(NewRoutingRequest { input_tokens, cached_tokens, ..new() }),
            "cached_tokens"
        );
        let reason = Some(JsonValue::text(&"r".repeat(70_000)).expect("JSON"));
        assert_eq!(refused(NewRoutingRequest { reason, ..new() }), "reason");
    }

    #[test]
    fn a_json_null_is_no_reason() {
        let request = NewRoutingRequest { reason: Some(JsonValue::null()), ..new() };
        let resolved = ResolvedRequest::new(request, None, None, Timestamp::now());
        assert_eq!(resolved.reason(), None);
    }
}
