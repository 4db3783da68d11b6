//! Usage of a model by a message: tokens, cost, times and outcome.

use std::fmt;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::Cost;
use crate::value::refuse_nul;

/// Usage of a model by a message. The token counts have the meaning of OpenTelemetry: the input
/// includes the cached tokens, and the output includes the reasoning.
///
/// ```
/// use chatkeep_core::{MessageStatus, NewMessage, Usage};
///
/// let usage = Usage {
///     input_tokens: Some(1_200),
///     cached_tokens: Some(1_000),
///     output_tokens: Some(80),
///     cost: Some("0.00125".parse()?),
///     status: Some(MessageStatus::Completed),
///     ..Usage::default()
/// };
/// let message = NewMessage::new("What is WAL?").with_usage(usage);
/// assert_eq!(message.total_tokens(), Some(1_280));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct Usage {
    /// Number of input tokens, including the cached ones; 0 or more.
    #[record(wide)]
    pub input_tokens: Option<i64>,
    /// Number of output tokens, including the reasoning; 0 or more.
    #[record(wide)]
    pub output_tokens: Option<i64>,
    /// Number of input tokens that the provider read from its cache; at most `input_tokens`.
    #[record(wide)]
    pub cached_tokens: Option<i64>,
    /// Number of output tokens of the model's reasoning; at most `output_tokens`.
    #[record(wide)]
    pub reasoning_tokens: Option<i64>,
    /// Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals.
    pub cost: Option<Cost>,
    /// Duration of the request, in milliseconds; 0 or more.
    pub latency_ms: Option<i64>,
    /// Time to the first token, in milliseconds; 0 or more.
    pub ttft_ms: Option<i64>,
    /// Outcome of the request; without one, it is unknown.
    pub status: Option<MessageStatus>,
    /// Error of the request, if any.
    pub error: Option<String>,
}

/// The outcome of a request to a model.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Record,
    AsExpression,
    FromSqlRow,
)]
#[serde(rename_all = "snake_case")]
#[diesel(sql_type = Text)]
#[record(argument)]
#[non_exhaustive]
pub enum MessageStatus {
    /// The response is complete.
    Completed,
    /// The request failed. The response may be incomplete.
    Failed,
    /// The user or the application cancelled the request.
    Cancelled,
    /// The program ended before the response was complete.
    Interrupted,
}

impl MessageStatus {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// Returns the name of the outcome, which is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MessageStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Error::invalid_input("status", "must be completed, failed, cancelled or interrupted")
        })
    }
}

impl<DB: Backend> ToSql<Text, DB> for MessageStatus
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<Text, DB>::to_sql(self.as_str(), out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for MessageStatus
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(<String as FromSql<Text, DB>>::from_sql(bytes)?.parse::<Self>()?)
    }
}

impl Usage {
    /// Returns whether no value is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the sum of the given input and output tokens. `None` if neither is given.
    pub(super) fn tokens(&self) -> Option<i64> {
        match (self.input_tokens, self.output_tokens) {
            (None, None) => None,
            // A greater sum is rejected by `check`.
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        }
    }

    pub(super) fn error_bytes(&self) -> usize {
        self.error.as_ref().map_or(0, String::len)
    }

    pub(super) fn check(&self) -> Result<()> {
        let counts = [
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
            ("cached_tokens", self.cached_tokens),
            ("reasoning_tokens", self.reasoning_tokens),
            ("latency_ms", self.latency_ms),
            ("ttft_ms", self.ttft_ms),
        ];
        for (field, count) in counts {
            refuse_negative(field, count)?;
        }
        check_part("cached_tokens", self.cached_tokens, "input_tokens", self.input_tokens)?;
        check_part("reasoning_tokens", self.reasoning_tokens, "output_tokens", self.output_tokens)?;
        let (input, output) = (self.input_tokens.unwrap_or(0), self.output_tokens.unwrap_or(0));
        if input.checked_add(output).is_none() {
            return Err(Error::invalid_input(
                "output_tokens",
                format!("must be at most {} with {input} input tokens", i64::MAX - input),
            ));
        }
        self.error.as_deref().map_or(Ok(()), |text| refuse_nul("error", text))
    }
}

/// Rejects a negative number.
pub(super) fn refuse_negative(field: &'static str, count: Option<i64>) -> Result<()> {
    match count {
        Some(count) if count < 0 => {
            Err(Error::invalid_input(field, format!("must be 0 or more, not {count}")))
        }
        _ => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(usage: Usage) -> String {
        let error = usage.check().expect_err("it is invalid");
        error.field().unwrap_or_default().to_owned()
    }

    #[test]
    fn parts_of_token_counts_are_at_most_the_whole() {
        let usage = |input, cached| Usage {
            input_tokens: input,
            cached_tokens: cached,
            ..Usage::default()
        };
        assert!(usage(Some(5), Some(5)).check().is_ok());
        assert!(usage(None, Some(5)).check().is_ok(), "the input is unknown");
        assert_eq!(refused(usage(Some(4), Some(5))), "cached_tokens");
        let (output_tokens, reasoning_tokens) = (Some(1), Some(2));
        assert_eq!(
            refused(Usage { output_tokens, reasoning_tokens, ..Usage::default() }),
            "reasoning_tokens"
        );
    }

    #[test]
    fn numbers_are_not_negative_and_sums_fit() {
        let none = Usage::default;
        assert_eq!(refused(Usage { input_tokens: Some(-1), ..none() }), "input_tokens");
        assert_eq!(refused(Usage { latency_ms: Some(-1), ..none() }), "latency_ms");
        assert_eq!(refused(Usage { ttft_ms: Some(i64::MIN), ..none() }), "ttft_ms");
        assert_eq!(refused(Usage { error: Some("\0".to_owned()), ..none() }), "error");
        let most = Usage { input_tokens: Some(i64::MAX), ..none() };
        assert_eq!(most.tokens(), Some(i64::MAX));
        assert!(most.check().is_ok());
        assert_eq!(refused(Usage { output_tokens: Some(1), ..most }), "output_tokens");
        assert_eq!(none().tokens(), None);
    }

    #[test]
    fn outcomes_have_one_name_everywhere() {
        for status in MessageStatus::ALL {
            assert_eq!(status.as_str().parse::<MessageStatus>().expect("a name"), status);
            let json = serde_json::to_value(status).expect("JSON");
            assert_eq!(json, serde_json::json!(status.as_str()));
        }
        assert_eq!("done".parse::<MessageStatus>().expect_err("unknown").field(), Some("status"));
    }
}
