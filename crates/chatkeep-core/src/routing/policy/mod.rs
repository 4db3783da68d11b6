//! Policies by which models are chosen: the table `chat_provider_policies`.
//!
//! A policy belongs to the application or to a provider. Every change advances the revision of
//! [`RevisedSubject::Providers`] first, as changes of providers do, so the policies are part of the
//! provider snapshot.
//!
//! [`RevisedSubject::Providers`]: crate::revision::RevisedSubject::Providers

mod config;
mod fields;
mod list;
mod record;
mod rows;
mod store;

pub(super) use config::{CircuitBreaker, PolicyConfig, Strategy};
pub use list::list;
pub(crate) use list::{load_all, with_names};
pub use record::{NewPolicy, PolicyKind, PolicyPage, ProviderPolicy, check_policy_name};
pub use rows::StoredProviderPolicy;
pub use store::{check_expected_version, delete, get, put};
