//! The needs of a request.

use crate::described::Record;
use crate::error::{Error, Result};
use crate::provider::{
    check_capabilities, check_model_name, check_provider_name, check_purpose, check_tokens,
};

/// Maximum number of models that failed.
const MAX_TRIED: usize = 1_000;

/// The request for which a model is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct ChooseRequest {
    /// Purpose whose default model is preferred, such as `chat`.
    pub purpose: Option<String>,
    /// Capabilities that are needed. The model or its provider must have each of them.
    pub capabilities: Option<Vec<String>>,
    /// Minimum number of tokens that the model's context window has. Models whose window is not
    /// known are rejected.
    pub min_context_window: Option<i64>,
    /// Name of the provider that is preferred to the others, and to the default model.
    pub preferred_provider: Option<String>,
    /// Name of the model that is preferred to the others, and to the default model.
    pub preferred_model: Option<String>,
    /// Models that failed in this request, in the order of the attempts: at most 1,000 texts
    /// `provider/model`, or `provider` for all its models.
    pub tried: Option<Vec<String>>,
    /// Number that determines the order of providers with the same priority. By default a random
    /// one. With a number of its own, a conversation has the same provider while nothing changes.
    pub seed: Option<i64>,
}

impl ChooseRequest {
    /// Creates a request for the default model of a purpose.
    pub fn for_purpose(purpose: impl Into<String>) -> Self {
        Self { purpose: Some(purpose.into()), ..Self::default() }
    }

    /// Validates the values. Names that do not exist are valid.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        self.purpose.as_deref().map_or(Ok(()), check_purpose)?;
        check_capabilities(self.capabilities())?;
        check_tokens("min_context_window", self.min_context_window)?;
        let provider = self.preferred_provider.as_deref();
        provider.map_or(Ok(()), |name| check_provider_name("preferred_provider", name))?;
        let model = self.preferred_model.as_deref();
        model.map_or(Ok(()), |name| check_model_name("preferred_model", name))?;
        let tried = self.tried.as_deref().unwrap_or_default();
        if tried.len() > MAX_TRIED {
            let message = format!("has {} models; at most {MAX_TRIED} are accepted", tried.len());
            return Err(Error::invalid_input("tried", message));
        }
        for (index, text) in tried.iter().enumerate() {
            let attempt = Attempt::of(text);
            check_provider_name("tried", attempt.provider)
                .and_then(|()| attempt.model.map_or(Ok(()), |name| check_model_name("tried", name)))
                .map_err(|error| error.with_field(format!("tried[{index}]")))?;
        }
        Ok(())
    }

    pub(super) fn capabilities(&self) -> &[String] {
        self.capabilities.as_deref().unwrap_or_default()
    }

    /// Returns the models that failed, in the order of the attempts.
    pub(super) fn attempts(&self) -> impl Iterator<Item = Attempt<'_>> {
        self.tried.as_deref().unwrap_or_default().iter().map(|text| Attempt::of(text))
    }

    /// Returns whether a model is the preferred one, or one of the preferred provider.
    pub(super) fn prefers(&self, provider: &str, model: &str) -> bool {
        let is = |preferred: &Option<String>, name| {
            preferred.as_deref().is_none_or(|preferred| preferred == name)
        };
        (self.preferred_provider.is_some() || self.preferred_model.is_some())
            && is(&self.preferred_provider, provider)
            && is(&self.preferred_model, model)
    }
}

/// A model that failed, or all models of a provider. Names of providers have no slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt<'a> {
    pub(super) provider: &'a str,
    model: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    fn of(text: &'a str) -> Self {
        match text.split_once('/') {
            Some((provider, model)) => Self { provider, model: Some(model) },
            None => Self { provider: text, model: None },
        }
    }

    pub(super) fn includes(self, provider: &str, model: &str) -> bool {
        self.provider == provider && self.model.is_none_or(|tried| tried == model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_values_name_their_field() {
        let none = ChooseRequest::default;
        let tried = |text: &str| Some(vec!["a".to_owned(), text.to_owned()]);
        for (request, field) in [
            (ChooseRequest::for_purpose(""), "purpose"),
            (ChooseRequest { capabilities: Some(vec!["A".into()]), ..none() }, "capabilities"),
            (ChooseRequest { min_context_window: Some(0), ..none() }, "min_context_window"),
            (
                ChooseRequest { preferred_provider: Some("A".into()), ..none() },
                "preferred_provider",
            ),
            (ChooseRequest { preferred_model: Some("a b".into()), ..none() }, "preferred_model"),
            (ChooseRequest { tried: tried(""), ..none() }, "tried[1]"),
            (ChooseRequest { tried: tried("a/"), ..none() }, "tried[1]"),
            (ChooseRequest { tried: tried("A/m"), ..none() }, "tried[1]"),
            (ChooseRequest { tried: tried("a/\0"), ..none() }, "tried[1]"),
            (ChooseRequest { tried: Some(vec!["a".into(); 1_001]), ..none() }, "tried"),
        ] {
            assert_eq!(request.check().expect_err("it is invalid").field(), Some(field));
        }
        let good = ChooseRequest { tried: tried("a/meta/Llama:free"), ..none() };
        assert!(good.check().is_ok());
        let last = good.attempts().last().expect("an attempt");
        assert!(last.includes("a", "meta/Llama:free") && !last.includes("a", "meta"));
    }
}
