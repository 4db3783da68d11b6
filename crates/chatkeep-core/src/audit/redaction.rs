//! Removal of secrets from the values of an entry.

use serde_json::Value;

use crate::error::Result;
use crate::value::Metadata;

/// Stored instead of a secret.
const REDACTED: &str = "[redacted]";
/// Parts of the names of keys whose values are secrets, without separators.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "cookie",
];
/// Ends of such names.
const ENDS: &[&str] = &["token", "hash", "salt", "credential", "credentials", "jwt"];

/// Returns values without those of keys that name a secret, such as `password` or `api_key`.
pub(super) fn redacted(values: &Metadata) -> Result<Metadata> {
    let mut map = values.to_map();
    let changed = map.iter_mut().fold(false, |changed, (key, value)| redact(key, value) || changed);
    if changed { Metadata::from_map(map) } else { Ok(values.clone()) }
}

/// Replaces the secrets in a value. Returns whether there was one.
fn redact(key: &str, value: &mut Value) -> bool {
    if !value.is_null() && is_secret(key, value) {
        *value = Value::from(REDACTED);
        return true;
    }
    match value {
        Value::Object(map) => {
            map.iter_mut().fold(false, |changed, (key, value)| redact(key, value) || changed)
        }
        Value::Array(list) => {
            // All of them, not only those up to the first one.
            list.iter_mut().filter_map(|value| redact("", value).then_some(())).count() > 0
        }
        _ => false,
    }
}

fn is_secret(key: &str, value: &Value) -> bool {
    let name: String =
        key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    PARTS.iter().any(|part| name.contains(part))
        || ENDS.iter().any(|end| name.ends_with(end))
        // A number of tokens is that of a language model.
        || (name.ends_with("tokens") && !value.is_number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys_that_name_a_secret_are_replaced() {
        let values = Metadata::parse(
            r#"{"name": "a", "Password": "x", "nested": [{"api-key": {"id": 1}, "tokens": 7}],
                "session_token": "x", "secret": null, "hashes": 2}"#,
        );
        assert_eq!(
            redacted(&values.unwrap()).unwrap().as_json(),
            r#"{"Password":"[redacted]","hashes":2,"name":"a","nested":[{"api-key":"[redacted]","tokens":7}],"secret":null,"session_token":"[redacted]"}"#
        );
        let plain = Metadata::parse(r#"{"input_tokens": 7, "role": "editor"}"#).unwrap();
        assert_eq!(redacted(&plain).unwrap(), plain);
    }
}
