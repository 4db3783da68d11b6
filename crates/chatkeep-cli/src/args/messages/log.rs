//! Options of `chatkeep messages log`: the values of a message.

use chatkeep::{Timestamp, Usage};
use clap::Args;

use crate::time_range::parse_time;

#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    /// The user's message; - reads it from standard input, without the final line break
    pub(crate) text: String,

    /// Response to the message
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) response: Option<String>,

    /// Provider of the response, such as openai (at most 50 characters)
    #[arg(long)]
    pub(crate) provider: Option<String>,

    /// Model of the response, such as gpt-4o (at most 100 characters)
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// Number of tokens used
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) tokens: Option<i64>,

    /// Further data, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,

    /// Time of the message, in UTC unless it has an offset [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timestamp: Option<Timestamp>,

    /// Id of the conversation
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) conversation_id: Option<i64>,

    /// Id of the user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) user_id: Option<i64>,

    #[command(flatten)]
    pub(crate) usage: UsageOptions,
}

/// Options of a message's usage.
#[derive(Debug, Args)]
pub(crate) struct UsageOptions {
    /// Number of input tokens, including cached ones
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) input_tokens: Option<i64>,

    /// Number of output tokens, including reasoning
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) output_tokens: Option<i64>,

    /// Number of cached input tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) cached_tokens: Option<i64>,

    /// Number of output tokens of the reasoning
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) reasoning_tokens: Option<i64>,

    /// Cost in US dollars, such as 0.00125
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) cost: Option<String>,

    /// Duration of the request, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(crate) latency_ms: Option<i64>,

    /// Time to the first token, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(crate) ttft_ms: Option<i64>,

    /// Outcome: completed, failed, cancelled or interrupted
    #[arg(long)]
    pub(crate) status: Option<String>,

    /// Error of the request
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) error: Option<String>,
}

impl UsageOptions {
    pub(crate) fn usage(self) -> chatkeep::Result<Usage> {
        Ok(Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cached_tokens: self.cached_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cost: self.cost.as_deref().map(str::parse).transpose()?,
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            status: self.status.as_deref().map(str::parse).transpose()?,
            error: self.error,
        })
    }
}
