//! `chatkeep models …`

use clap::{Args, Subcommand};

use super::examples;
use super::page::NamePageOptions;
use super::providers::EnabledOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models of a provider, ordered by name
    #[command(after_help = examples! {
        "chatkeep models list openai"
        "chatkeep models list openai --disabled"
    })]
    List(ListOptions),

    /// Show a model
    #[command(after_help = examples! {
        "chatkeep models show openai gpt-4o"
    })]
    Show {
        #[command(flatten)]
        model: ModelArgument,
    },

    /// Add or change a model; options that are not given keep their values
    #[command(
        long_about = "Add or change a model; options that are not given keep their values\n\n\
            Prices are US dollars per million tokens. An empty text removes the value: \
            --input-price \"\".",
        after_help = examples! {
            "chatkeep models set openai gpt-4o --input-price 2.50 --output-price 10"
            "chatkeep models set openai gpt-4o --context-window 128000 --capability vision"
            "chatkeep models set openai gpt-4o --disable"
        }
    )]
    Set(Box<SetOptions>),

    /// Delete a model, and the defaults that it is
    #[command(after_help = examples! {
        "chatkeep models delete openai gpt-4o"
        "chatkeep models delete openai gpt-4o --yes"
    })]
    Delete {
        #[command(flatten)]
        model: ModelArgument,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },
}

/// The model of a command.
#[derive(Debug, Args)]
pub(crate) struct ModelArgument {
    /// Name of the provider
    pub(crate) provider: String,

    /// Name of the model, as the provider spells it
    #[arg(value_name = "MODEL")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Name of the provider
    pub(crate) provider: String,

    #[command(flatten)]
    pub(crate) state: EnabledOptions,

    #[command(flatten)]
    pub(crate) page: NamePageOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SetOptions {
    #[command(flatten)]
    pub(crate) model: ModelArgument,

    /// Name to show (at most 255 characters)
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,

    /// The model may be used
    #[arg(long, conflicts_with = "disable")]
    pub(crate) enable: bool,

    /// The model may not be used
    #[arg(long)]
    pub(crate) disable: bool,

    /// Ability, such as `vision` (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) capability: Vec<String>,

    /// Maximum number of tokens of a request and its response
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) context_window: Option<i64>,

    /// Maximum number of tokens of a response
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_output_tokens: Option<i64>,

    /// Parameters to send with each request, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) params: Option<String>,

    /// Price of a million input tokens
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    pub(crate) input_price: Option<String>,

    /// Price of a million output tokens
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    pub(crate) output_price: Option<String>,

    /// Price of a million cached input tokens
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    pub(crate) cached_input_price: Option<String>,
}
