//! `chatkeep credentials …`

use chatkeep::Timestamp;
use clap::{Args, Subcommand};

use super::end_age::EndAgeOptions;
use super::examples;
use super::page::PageOptions;
use crate::time_range::parse_time;

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialsCommand {
    /// Print a new key for CHATKEEP_KEYS
    #[command(
        long_about = "Print a new key for CHATKEEP_KEYS\n\n\
            The key is not stored. Keep it outside of the database and of its backups: without it, \
            the credentials that it encrypts are lost.",
        after_help = examples! {
            "export CHATKEEP_KEYS=$(chatkeep credentials generate-key)"
            "export CHATKEEP_KEYS=\"$CHATKEEP_KEYS,$(chatkeep credentials generate-key)\""
        }
    )]
    GenerateKey {
        /// Id of the key: 1-64 letters, digits, dots, underscores and hyphens
        /// [default: the date and random digits]
        #[arg(long)]
        id: Option<String>,
    },

    /// Store a secret and print its id
    #[command(
        long_about = "Store a secret and print its id\n\n\
            The secret is read from the terminal without echo, or from standard input. It is never \
            an argument, because arguments are visible in the process list. If the owner has a \
            credential with this name, the new one gets the next version.",
        after_help = examples! {
            "chatkeep credentials add api_key --provider openai"
            "chatkeep credentials add api_key --provider openai --user ada@example.org < key.txt"
            "chatkeep credentials add smtp_password --expires 2027-01-01"
        }
    )]
    Add(AddOptions),

    /// List the credentials, newest first; shows no secrets
    #[command(after_help = examples! {
        "chatkeep credentials list"
        "chatkeep credentials list api_key --provider openai"
        "chatkeep credentials list --user ada@example.org --json"
    })]
    List(ListOptions),

    /// Show a credential without its secret
    #[command(after_help = examples! {
        "chatkeep credentials show 019dc0de-1111-7222-8333-444455556666"
    })]
    Show {
        #[command(flatten)]
        credential: CredentialArgument,
    },

    /// Decrypt a credential and print its secret
    #[command(after_help = examples! {
        "chatkeep credentials reveal 019dc0de-1111-7222-8333-444455556666"
        "chatkeep credentials reveal 019dc0de-1111-7222-8333-444455556666 --json | jq -r .secret"
    })]
    Reveal {
        #[command(flatten)]
        credential: CredentialArgument,
    },

    /// Let programs find a disabled credential again
    #[command(after_help = examples! {
        "chatkeep credentials enable 019dc0de-1111-7222-8333-444455556666"
    })]
    Enable {
        #[command(flatten)]
        credential: CredentialArgument,
    },

    /// Keep programs from finding a credential
    #[command(after_help = examples! {
        "chatkeep credentials disable 019dc0de-1111-7222-8333-444455556666"
    })]
    Disable {
        #[command(flatten)]
        credential: CredentialArgument,
    },

    /// Revoke a credential permanently
    #[command(after_help = examples! {
        "chatkeep credentials revoke 019dc0de-1111-7222-8333-444455556666"
    })]
    Revoke {
        #[command(flatten)]
        credential: CredentialArgument,
    },

    /// Delete a credential
    #[command(after_help = examples! {
        "chatkeep credentials delete 019dc0de-1111-7222-8333-444455556666 --yes"
    })]
    Delete {
        #[command(flatten)]
        credential: CredentialArgument,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },

    /// Encrypt all credentials with the first key; exits with 1 if some are unreadable
    #[command(after_help = examples! {
        "chatkeep credentials rotate && chatkeep credentials status"
    })]
    Rotate,

    /// Show how many credentials each key encrypts; exits with 1 if some are unreadable
    #[command(after_help = examples! {
        "chatkeep credentials status"
        "chatkeep credentials status --json | jq '.keys[] | select(.present | not)'"
    })]
    Status,

    /// Delete credentials that were revoked or expired some time ago
    #[command(after_help = examples! {
        "chatkeep credentials prune"
        "chatkeep credentials prune --older-than 12w"
    })]
    Prune {
        #[command(flatten)]
        age: EndAgeOptions,
    },
}

/// The credential of a command.
#[derive(Debug, Args)]
pub(crate) struct CredentialArgument {
    /// Id of the credential, as shown by `chatkeep credentials list`
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct AddOptions {
    /// Name of the credential, such as api_key (at most 100 characters)
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) owner: OwnerOptions,

    /// Scope that the credential has; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,

    /// Time from which programs do not find the credential [default: never]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) expires: Option<Timestamp>,

    /// Account that adds the credential (at most 255 characters)
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) created_by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only credentials with this name
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) owner: OwnerOptions,

    #[command(flatten)]
    pub(crate) page: PageOptions,
}

/// The owner of credentials.
#[derive(Debug, Args)]
pub(crate) struct OwnerOptions {
    /// Name of the provider for which the credential is
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,

    /// User that owns the credential: an id, e-mail address or username
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
}
