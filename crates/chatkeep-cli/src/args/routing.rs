//! `chatkeep routing …`

use chatkeep::{RoutingOutcome, RoutingUsageBy, Timestamp};
use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use super::page::PageOptions;
use super::routing_policies::{ChooseOptions, PoliciesCommand};
use crate::age::parse_age;
use crate::time_range::{parse_since, parse_until};

#[derive(Debug, Subcommand)]
pub(crate) enum RoutingCommand {
    /// Show failures and latencies of providers and models in the last minutes
    #[command(after_help = examples! {
        "chatkeep routing health"
        "chatkeep routing health --minutes 60 --json | jq '.[] | select(.failures > 0)'"
    })]
    Health {
        /// Number of minutes (1-1,440)
        #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true)]
        minutes: i64,
    },

    /// Show requests, tokens and costs by provider, model, day, hour or user
    ///
    /// The period is extended to whole hours. Usage by user, and that of one user, has only requests
    /// that were not pruned.
    #[command(after_help = examples! {
        "chatkeep routing usage"
        "chatkeep routing usage --by day --since 7d"
        "chatkeep routing usage --by model --user ada@example.org"
    })]
    Usage(UsageOptions),

    /// List recorded requests, newest first
    #[command(after_help = examples! {
        "chatkeep routing requests --outcome failure --since 1d"
        "chatkeep routing requests --request-id r-1"
    })]
    Requests(Box<RequestsOptions>),

    /// Delete old requests; usage by provider, model, day and hour stays
    #[command(after_help = examples! {
        "chatkeep routing prune"
        "chatkeep routing prune --older-than 7d"
    })]
    Prune {
        /// Minimum age in days or weeks: 30d, 12w, or a number of days
        #[arg(
            long,
            value_name = "AGE",
            value_parser = parse_age,
            default_value = "30d",
            allow_hyphen_values = true
        )]
        older_than: i64,
    },

    /// List, set and delete the policies of providers
    #[command(subcommand)]
    Policies(PoliciesCommand),

    /// Show which models a request would use, in order, and why
    #[command(after_help = examples! {
        "chatkeep routing choose --purpose chat"
        "chatkeep routing choose --capability vision --tried openai/gpt-4o"
    })]
    Choose(Box<ChooseOptions>),
}

#[derive(Debug, Args)]
pub(crate) struct UsageOptions {
    /// By what usage is added up
    #[arg(long, value_enum, value_name = "KEY", default_value = "model")]
    pub(crate) by: UsageKey,

    /// Start of the period: 2023-09-23, 2023-09-23T21:02:11Z, or an age such as 7d [default: 30d]
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// End of the period; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    pub(crate) until: Option<Timestamp>,

    /// Only usage of this user: ID, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// Maximum number of rows (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true)]
    pub(crate) limit: i64,
}

#[derive(Debug, Args)]
pub(crate) struct RequestsOptions {
    /// Only the attempts of this request, in their order
    #[arg(
        long,
        value_name = "ID",
        conflicts_with_all = ["provider", "model", "outcome", "user", "since", "until", "cursor"]
    )]
    pub(crate) request_id: Option<String>,

    /// Only requests to this provider
    #[arg(long)]
    pub(crate) provider: Option<String>,

    /// Only requests to this model
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// Only requests with this outcome
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeFilter>,

    /// Only requests of this user: ID, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// Earliest time: 2023-09-23, 2023-09-23T21:02:11Z, or an age such as 7d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// Latest time, inclusive; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    pub(crate) until: Option<Timestamp>,

    #[command(flatten)]
    pub(crate) page: PageOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UsageKey {
    Provider,
    Model,
    Day,
    Hour,
    User,
}

impl From<UsageKey> for RoutingUsageBy {
    fn from(key: UsageKey) -> Self {
        match key {
            UsageKey::Provider => Self::Provider,
            UsageKey::Model => Self::Model,
            UsageKey::Day => Self::Day,
            UsageKey::Hour => Self::Hour,
            UsageKey::User => Self::User,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeFilter {
    Success,
    Failure,
    Cancelled,
}

impl From<OutcomeFilter> for RoutingOutcome {
    fn from(filter: OutcomeFilter) -> Self {
        match filter {
            OutcomeFilter::Success => Self::Success,
            OutcomeFilter::Failure => Self::Failure,
            OutcomeFilter::Cancelled => Self::Cancelled,
        }
    }
}
