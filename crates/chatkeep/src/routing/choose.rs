//! The choice of a model.

use chatkeep_core::{ChooseRequest, ModelChoice, Result};
use chatkeep_macros::operations;

use super::RoutingManager;

#[operations(part = CHOICES, receiver = routing)]
impl RoutingManager {
    /// Chooses models for a request, in the order in which the caller tries them.
    ///
    /// Candidates are the enabled models that have the needed capabilities and context window, and
    /// whose circuit is not open. The preferred ones are first, then the default model of the
    /// purpose, then the others in the order of the `load_balance` policy: by priority, unless
    /// there is one. A `fallback` policy orders and restricts the providers that follow.
    ///
    /// The policies of a provider take precedence over those of the application. A fallback is that
    /// of the first provider in `tried`, or else of the first candidate. A provider's own
    /// `load_balance` policy orders its models among themselves.
    ///
    /// Providers and policies are in memory, as for `get_provider_snapshot`. The health is asked
    /// for at most every 5 seconds, and only if a policy needs it. Once a request of this process
    /// has failed, it is asked for at most every second.
    ///
    /// ```
    /// use chatkeep::{ChooseRequest, NewModel, NewProvider};
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// for (name, priority) in [("openai", 10), ("local", 0)] {
    ///     let new = NewProvider { priority, ..NewProvider::new(name, "openai") };
    ///     chat.providers().create_provider(&new)?;
    ///     chat.providers().put_model(name, &NewModel::new(format!("{name}-large")))?;
    /// }
    /// let choice = chat.routing().choose_model(&ChooseRequest::default())?;
    /// assert_eq!(choice.candidates[0].model, "openai-large");
    /// assert_eq!(choice.candidates[1].model, "local-large");
    ///
    /// let tried = Some(vec!["openai".to_owned()]);
    /// let request = ChooseRequest { tried, ..ChooseRequest::default() };
    /// assert_eq!(chat.routing().choose_model(&request)?.candidates[0].model, "local-large");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The candidates, and the rejected models, each with reasons. If no model can be used, there
    /// are no candidates.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, such as `tried[1]`.
    /// - `Unavailable`: the database does not answer, and the providers are older than 5 seconds,
    /// or the health is older than 10 seconds. Other errors of the connection are possible, too.
    /// - `Corrupt`: another program stored an invalid policy.
    #[operation(read)]
    pub fn choose_model(
        &self,
        #[argument(flatten)] request: &ChooseRequest,
    ) -> Result<ModelChoice> {
        let run = || {
            request.check()?;
            self.chooser.choose(&self.pool, request)
        };
        run().map_err(|error| error.with_operation("choose_model"))
    }
}
