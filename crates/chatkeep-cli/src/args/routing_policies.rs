//! `chatkeep routing policies …` and `chatkeep routing choose`

use chatkeep::PolicyKind;
use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use super::page::PageOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum PoliciesCommand {
    /// List policies, newest first
    #[command(after_help = examples! {
        "chatkeep routing policies list"
        "chatkeep routing policies list --provider openai --json"
    })]
    List {
        /// Only those of this provider
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,

        #[command(flatten)]
        page: PageOptions,
    },

    /// Add or change a policy; options that are not given keep their values
    #[command(
        long_about = "Add or change a policy; options that are not given keep their values\n\n\
            Fields of the configuration by kind:\n\n\
            circuit-breaker: failure_percent (1-100), min_requests, window_minutes (1-60), \
            open_seconds (1-3,600)\n\n\
            fallback: providers, a list of names in order\n\n\
            load-balance: strategy, one of priority, weight, latency and cost",
        after_help = examples! {
            "chatkeep routing policies set breaker --kind circuit-breaker"
            "chatkeep routing policies set backup --provider openai --kind fallback \\"
            "  --config '{\"providers\": [\"azure\", \"local\"]}'"
            "chatkeep routing policies set cheapest --kind load-balance \\"
            "  --config '{\"strategy\": \"cost\"}'"
            "chatkeep routing policies set cheapest --disable"
        }
    )]
    Set(Box<PolicySetOptions>),

    /// Delete a policy
    #[command(after_help = examples! {
        "chatkeep routing policies delete breaker"
        "chatkeep routing policies delete backup --provider openai --yes"
    })]
    Delete {
        #[command(flatten)]
        policy: PolicyArgument,

        /// Delete nothing if the policy has another version
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        expected_version: Option<i64>,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },
}

/// The policy of a command.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgument {
    /// Name of the policy
    pub(crate) name: String,

    /// The provider to which the policy belongs [default: the application]
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicySetOptions {
    #[command(flatten)]
    pub(crate) policy: PolicyArgument,

    /// Kind of the policy; a new one needs it
    #[arg(long, value_enum)]
    pub(crate) kind: Option<KindOption>,

    /// Configuration, as a JSON object; fields that are not given have their defaults
    #[arg(long, value_name = "JSON")]
    pub(crate) config: Option<String>,

    /// The policy is used
    #[arg(long, conflicts_with = "disable")]
    pub(crate) enable: bool,

    /// The policy is not used
    #[arg(long)]
    pub(crate) disable: bool,

    /// Change nothing if the policy has another version; 0 for a new one
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) expected_version: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindOption {
    CircuitBreaker,
    Fallback,
    LoadBalance,
}

impl From<KindOption> for PolicyKind {
    fn from(option: KindOption) -> Self {
        match option {
            KindOption::CircuitBreaker => Self::CircuitBreaker,
            KindOption::Fallback => Self::Fallback,
            KindOption::LoadBalance => Self::LoadBalance,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ChooseOptions {
    /// Purpose whose default model is preferred, such as `chat`
    #[arg(long)]
    pub(crate) purpose: Option<String>,

    /// Capability that is needed (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) capability: Vec<String>,

    /// Minimum number of tokens of the context window
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    pub(crate) min_context_window: Option<i64>,

    /// Provider that is preferred to the others
    #[arg(long, value_name = "NAME")]
    pub(crate) preferred_provider: Option<String>,

    /// Model that is preferred to the others
    #[arg(long, value_name = "NAME")]
    pub(crate) preferred_model: Option<String>,

    /// Model that failed, as `provider/model`, or all of a `provider` (repeatable, in order)
    #[arg(long, value_name = "MODEL")]
    pub(crate) tried: Vec<String>,

    /// Number that determines the order of providers with the same priority [default: random]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<i64>,
}
