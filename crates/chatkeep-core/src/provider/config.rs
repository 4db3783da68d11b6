//! Refusal of secrets in the configuration of a provider.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::value::{Metadata, looks_like_secret};

/// Maximum length of a shown key, in characters.
const MAX_SHOWN: usize = 64;

/// Returns whether a name is that of a secret, of several such as `api_keys`, or of a header that
/// contains one. Names such as `max_tokens` are limits.
pub(super) fn names_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let singular = name.strip_suffix(['s', 'S']).filter(|_| !lower.ends_with("tokens"));
    looks_like_secret(name)
        || singular.is_some_and(looks_like_secret)
        || lower == "authorization"
        || lower.ends_with("-authorization")
}

/// Refuses a configuration with a key that names a secret, at any depth. Values are not shown.
///
/// # Errors
/// `InvalidInput` with the field `config`.
pub(super) fn refuse_secrets(config: &Metadata) -> Result<()> {
    match secret_key(&Value::Object(config.to_map())) {
        None => Ok(()),
        Some(key) => {
            let shown: String = key.chars().take(MAX_SHOWN).collect();
            let message = format!(
                "the key {shown:?} names a secret; the configuration is readable, so store the \
                 secret with add_credential"
            );
            Err(Error::invalid_input("config", message))
        }
    }
}

/// Returns the first key that names a secret. Metadata nests at most 30 levels deep.
fn secret_key(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            if names_secret(key) { Some(key.clone()) } else { secret_key(value) }
        }),
        Value::Array(values) => values.iter().find_map(secret_key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_secrets_are_found_at_any_depth_and_values_are_not_shown() {
        for config in [
            r#"{"api_key": "hunter2"}"#,
            r#"{"a": {"b": [1, {"clientSecret": "hunter2"}]}}"#,
            r#"{"headers": {"Authorization": "Bearer hunter2"}}"#,
            r#"{"headers": {"Proxy-Authorization": "hunter2"}}"#,
            r#"{"headers": {"X-Api-Key": "hunter2"}}"#,
            r#"{"password": null}"#,
            r#"{"api_keys": ["hunter2"]}"#,
            r#"{"credentials": {"a": "hunter2"}}"#,
        ] {
            let error = refuse_secrets(&Metadata::parse(config).unwrap()).unwrap_err();
            assert_eq!(error.field(), Some("config"), "{config}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let good =
            r#"{"maxTokens": 30, "max_tokens": 5, "headers": {"X-Region": "eu"}, "keys": 1}"#;
        assert!(refuse_secrets(&Metadata::parse(good).unwrap()).is_ok());
    }
}
