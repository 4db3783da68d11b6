//! `chatkeep providers …`

use clap::{ArgGroup, Args, Subcommand};

use super::examples;
use super::page::NamePageOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum ProvidersCommand {
    /// List the providers, ordered by name
    #[command(after_help = examples! {
        "chatkeep providers list"
        "chatkeep providers list --enabled --json | jq -r '.[].name'"
    })]
    List(ListOptions),

    /// Show a provider and its models
    #[command(after_help = examples! {
        "chatkeep providers show openai"
    })]
    Show {
        #[command(flatten)]
        provider: ProviderArgument,
    },

    /// Add a provider
    #[command(
        long_about = "Add a provider\n\n\
            API keys are not part of the configuration. Store them with `chatkeep credentials \
            add`.",
        after_help = examples! {
            "chatkeep providers add openai --priority 10"
            "chatkeep providers add local --kind ollama --base-url http://localhost:11434"
            "chatkeep providers add eu --kind openai --config '{\"region\": \"eu\"}'"
        }
    )]
    Add(Box<AddOptions>),

    /// Change a provider; options that are not given keep their values
    #[command(
        long_about = "Change a provider; options that are not given keep their values\n\n\
            An empty text removes the value: --base-url \"\".",
        after_help = examples! {
            "chatkeep providers set openai --disable"
            "chatkeep providers set openai --priority 5 --expected-version 3"
            "chatkeep providers set openai --capability chat --capability vision"
        }
    )]
    Set(Box<SetOptions>),

    /// Delete a provider with its models, their defaults, and its credentials
    #[command(after_help = examples! {
        "chatkeep providers delete local"
        "chatkeep providers delete local --yes"
    })]
    Delete {
        #[command(flatten)]
        provider: ProviderArgument,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },

    /// List, set or remove the default models of purposes
    #[command(after_help = examples! {
        "chatkeep providers default"
        "chatkeep providers default chat openai gpt-4o"
        "chatkeep providers default chat --remove"
    })]
    Default(DefaultOptions),
}

/// The provider of a command.
#[derive(Debug, Args)]
pub(crate) struct ProviderArgument {
    /// Name of the provider
    pub(crate) name: String,
}

/// Which rows of a list to show.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct EnabledOptions {
    /// Only enabled ones
    #[arg(long, conflicts_with = "disabled")]
    enabled: bool,

    /// Only disabled ones
    #[arg(long)]
    disabled: bool,
}

impl EnabledOptions {
    /// Returns the required state, if there is one.
    pub(crate) fn filter(self) -> Option<bool> {
        (self.enabled || self.disabled).then_some(self.enabled)
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) state: EnabledOptions,

    #[command(flatten)]
    pub(crate) page: NamePageOptions,
}

/// Values of a provider.
#[derive(Debug, Args)]
pub(crate) struct ProviderValues {
    /// Name to show (at most 255 characters)
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,

    /// Address of the interface, without a user name, password or key
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Order among the providers; a higher number is preferred (-1,000,000 to 1,000,000)
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) priority: Option<i64>,

    /// Share among providers with the same priority (0-1,000,000)
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) weight: Option<i64>,

    /// Ability, such as `vision` (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) capability: Vec<String>,

    /// Limits of the provider, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) rate_limits: Option<String>,

    /// Further configuration without secrets, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) config: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AddOptions {
    #[command(flatten)]
    pub(crate) provider: ProviderArgument,

    /// The interface that the provider has, such as `openai` [default: the name]
    #[arg(long)]
    pub(crate) kind: Option<String>,

    /// The provider may not be used yet
    #[arg(long)]
    pub(crate) disabled: bool,

    #[command(flatten)]
    pub(crate) values: ProviderValues,

    /// Id of the provider [default: a new UUID]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SetOptions {
    #[command(flatten)]
    pub(crate) provider: ProviderArgument,

    /// The interface that the provider has, such as `openai`
    #[arg(long)]
    pub(crate) kind: Option<String>,

    /// The provider may be used
    #[arg(long, conflicts_with = "disable")]
    pub(crate) enable: bool,

    /// The provider may not be used
    #[arg(long)]
    pub(crate) disable: bool,

    #[command(flatten)]
    pub(crate) values: ProviderValues,

    /// Change nothing if the provider has another version
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) expected_version: Option<i64>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").args(["model", "remove"]).requires("purpose"))]
pub(crate) struct DefaultOptions {
    /// Purpose, such as `chat`
    pub(crate) purpose: Option<String>,

    /// Name of the model's provider
    #[arg(requires = "model")]
    pub(crate) provider: Option<String>,

    /// Name of the model
    pub(crate) model: Option<String>,

    /// Remove the default of the purpose
    #[arg(long, conflicts_with = "model")]
    pub(crate) remove: bool,

    #[command(flatten)]
    pub(crate) page: NamePageOptions,
}
