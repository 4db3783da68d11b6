//! Policies by which models are chosen.

use chatkeep_core::{
    Connection, NewPolicy, PolicyPage, ProviderPolicy, Result, check_limit, policies, providers,
};
use chatkeep_macros::operations;

use super::RoutingManager;
use crate::retry::with_retry;

#[operations(part = POLICIES, receiver = routing)]
impl RoutingManager {
    /// Makes a change, after which the next choice reads the policies from the database.
    fn change_policies<T>(&self, work: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
        let outcome = with_retry(&self.pool, work);
        // Also after an error, because the change may have been made.
        self.chooser.forget_policies();
        outcome
    }

    /// Stores a policy, and replaces one with the same name and owner.
    ///
    /// A policy decides how models are chosen.
    ///
    /// A policy belongs to a provider, or to the application. That of a provider takes precedence
    /// over one of the application with the same kind. A call that changes no value returns the
    /// policy with its present version.
    ///
    /// ```
    /// use chatkeep::{Metadata, NewPolicy, PolicyKind};
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let new = NewPolicy {
    ///     config: Some(Metadata::parse(r#"{"failure_percent": 30}"#)?),
    ///     ..NewPolicy::new("breaker", PolicyKind::CircuitBreaker)
    /// };
    /// let policy = chat.routing().put_policy(&new, None)?;
    /// assert_eq!((policy.version, policy.config.to_map().len()), (1, 4)); // with the defaults
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `expected_version`: Version that the caller has read; 0 if there is no such policy. If it
    ///   has another one by now, nothing is changed.
    ///
    /// # Returns
    /// The policy with its version. Its configuration has all fields of the kind.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `config.failure_percent`, or a provider does
    /// not exist.
    /// - `Conflict`: the policy has another version than the expected one, or the owner has another
    /// enabled policy of this kind. It is not retryable then, and its field is `expected_version`
    /// or `kind`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn put_policy(
        &self,
        #[argument(flatten)] policy: &NewPolicy,
        expected_version: Option<i64>,
    ) -> Result<ProviderPolicy> {
        let run = || {
            policy.check()?;
            policies::check_expected_version(expected_version)?;
            self.change_policies(|connection| policies::put(connection, policy, expected_version))
        };
        run().map_err(|error| error.with_operation("put_policy"))
    }

    /// Returns a policy of the application, or of a provider.
    ///
    /// # Arguments
    /// - `name`: Name of the policy.
    /// - `provider`: Name of the provider to which the policy belongs. By default, it belongs to
    ///   the application.
    ///
    /// # Returns
    /// `None` if there is no such policy.
    ///
    /// # Errors
    /// - `InvalidInput`: `name` or `provider` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn get_policy(&self, name: &str, provider: Option<&str>) -> Result<Option<ProviderPolicy>> {
        let run = || {
            check_owner(name, provider)?;
            policies::get(&mut *self.pool.reader()?, name, provider)
        };
        run().map_err(|error| error.with_operation("get_policy"))
    }

    /// Returns policies, newest first. Those of deleted providers were deleted with them.
    ///
    /// # Arguments
    /// - `provider`: Name of the provider whose own policies are returned. By default, all policies
    ///   are.
    /// - `limit`: Maximum number of policies to return (1–10,000).
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Errors
    /// - `InvalidInput`: `provider` or `cursor` is invalid, or `limit` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    /// too.
    #[operation(read)]
    pub fn list_policies(
        &self,
        provider: Option<&str>,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<PolicyPage> {
        let run = || {
            check_limit(limit)?;
            provider.map_or(Ok(()), |name| providers::check_provider_name("provider", name))?;
            policies::list(&mut *self.pool.reader()?, provider, limit, cursor)
        };
        run().map_err(|error| error.with_operation("list_policies"))
    }

    /// Deletes a policy of the application, or of a provider.
    ///
    /// # Arguments
    /// - `name`: Name of the policy.
    /// - `provider`: Name of the provider to which the policy belongs. By default, it belongs to
    ///   the application.
    /// - `expected_version`: Version that the caller has read. If the policy has another one by
    ///   now, nothing is changed.
    ///
    /// # Returns
    /// `false` if there is no such policy.
    ///
    /// # Errors
    /// - `InvalidInput`: `name`, `provider` or `expected_version` is invalid.
    /// - `Conflict`: the policy has another version than the expected one. It is not retryable
    /// then, and its field is `expected_version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_policy(
        &self,
        name: &str,
        provider: Option<&str>,
        expected_version: Option<i64>,
    ) -> Result<bool> {
        let run = || {
            check_owner(name, provider)?;
            policies::check_expected_version(expected_version)?;
            self.change_policies(|connection| {
                policies::delete(connection, name, provider, expected_version)
            })
        };
        run().map_err(|error| error.with_operation("delete_policy"))
    }
}

/// Validates the names that identify a policy.
fn check_owner(name: &str, provider: Option<&str>) -> Result<()> {
    policies::check_policy_name(name)?;
    provider.map_or(Ok(()), |name| providers::check_provider_name("provider", name))
}
