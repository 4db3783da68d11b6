//! Checks of names, numbers and sets.

use crate::error::{Error, Result};
use crate::value::{check_bytes, check_name, check_nonempty_name};

/// Maximum length of a capability and a purpose, in characters.
pub(super) const MAX_NAME: usize = 100;
/// Maximum length of a provider's kind, in characters.
const MAX_KIND: usize = 50;
/// Maximum length of a name to show, in characters.
const MAX_DISPLAY_NAME: usize = 255;
/// Maximum number of capabilities.
const MAX_CAPABILITIES: usize = 100;
/// Maximum size of a JSON object, in bytes. All of them are kept in memory.
const MAX_JSON_BYTES: u64 = 65_536;
/// The greatest priority and weight.
const MAX_NUMBER: i64 = 1_000_000;

/// Validates the name of a provider.
///
/// # Errors
/// `InvalidInput` with the field.
pub fn check_provider_name(field: &'static str, name: &str) -> Result<()> {
    check_identifier(field, name, crate::message::MAX_PROVIDER)
}

/// Validates the name of a model, which is the one that the provider uses.
///
/// # Errors
/// `InvalidInput` with the field.
pub fn check_model_name(field: &'static str, name: &str) -> Result<()> {
    check_nonempty_name(field, name, crate::message::MAX_MODEL)?;
    refuse_whitespace(field, name)
}

/// Validates the purpose of a default model.
///
/// # Errors
/// `InvalidInput` with the field `purpose`.
pub fn check_purpose(purpose: &str) -> Result<()> {
    check_nonempty_name("purpose", purpose, MAX_NAME)?;
    refuse_whitespace("purpose", purpose)
}

/// Validates the name after which a page begins.
///
/// # Errors
/// `InvalidInput` with the field `after`.
pub fn check_after(after: Option<&str>) -> Result<()> {
    after.map_or(Ok(()), |name| check_name("after", name, MAX_NAME))
}

pub(super) fn check_kind(kind: &str) -> Result<()> {
    check_identifier("kind", kind, MAX_KIND)
}

/// Checks lower-case names, which are compared exactly on every engine.
fn check_identifier(field: &'static str, name: &str, limit: usize) -> Result<()> {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > limit || !name.bytes().all(is_allowed) {
        let message = format!(
            "must have 1 to {limit} characters: lower-case letters a to z, digits, dots, hyphens \
             and underscores"
        );
        return Err(Error::invalid_input(field, message));
    }
    Ok(())
}

fn refuse_whitespace(field: &'static str, name: &str) -> Result<()> {
    if name.chars().any(|character| character.is_whitespace() || character.is_control()) {
        let message = "must not contain whitespace or control characters";
        return Err(Error::invalid_input(field, message));
    }
    Ok(())
}

pub(super) fn check_display_name(name: Option<&str>) -> Result<()> {
    name.map_or(Ok(()), |name| check_name("display_name", name, MAX_DISPLAY_NAME))
}

pub(crate) fn check_capabilities(capabilities: &[String]) -> Result<()> {
    if capabilities.len() > MAX_CAPABILITIES {
        let message = format!("has more than {MAX_CAPABILITIES} capabilities");
        return Err(Error::invalid_input("capabilities", message));
    }
    capabilities.iter().try_for_each(|name| check_identifier("capabilities", name, MAX_NAME))
}

/// Checks the order of a provider among others: a higher priority is preferred.
pub(super) fn check_priority(priority: i64) -> Result<()> {
    check_range("priority", priority, -MAX_NUMBER..=MAX_NUMBER)
}

/// Checks the share of a provider among those with the same priority.
pub(super) fn check_weight(weight: i64) -> Result<()> {
    check_range("weight", weight, 0..=MAX_NUMBER)
}

fn check_range(
    field: &'static str,
    number: i64,
    range: std::ops::RangeInclusive<i64>,
) -> Result<()> {
    if range.contains(&number) {
        return Ok(());
    }
    let message = format!("must be between {} and {}, not {number}", range.start(), range.end());
    Err(Error::invalid_input(field, message))
}

/// Checks a number of tokens.
pub(crate) fn check_tokens(field: &'static str, tokens: Option<i64>) -> Result<()> {
    match tokens {
        Some(tokens) if tokens < 1 => {
            Err(Error::invalid_input(field, format!("must be 1 or more, not {tokens}")))
        }
        _ => Ok(()),
    }
}

/// Checks the size of a JSON object.
pub(super) fn check_json(field: &'static str, json: &str) -> Result<()> {
    check_bytes(field, json, MAX_JSON_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_providers_are_lower_case_identifiers() {
        for name in ["a", "openai", "azure-eu.west_1", "0", &"a".repeat(50)] {
            assert!(check_provider_name("name", name).is_ok(), "{name}");
        }
        for name in ["", "OpenAI", "a b", "a\0", "é", "a/b", "'", "a\n", &"a".repeat(51)] {
            let error = check_provider_name("name", name).unwrap_err();
            assert_eq!(error.field(), Some("name"), "{name:?}");
        }
        assert!(check_kind(&"k".repeat(50)).is_ok());
        assert_eq!(check_kind(&"k".repeat(51)).unwrap_err().field(), Some("kind"));
    }

    #[test]
    fn names_of_models_are_those_of_the_provider() {
        for name in ["gpt-4o", "meta-llama/Llama-3.1:free", "模型", &"é".repeat(100)] {
            assert!(check_model_name("name", name).is_ok(), "{name}");
        }
        for name in ["", " ", "a b", "a\0", "a\t", &"é".repeat(101)] {
            assert_eq!(check_model_name("model", name).unwrap_err().field(), Some("model"));
            assert_eq!(check_purpose(name).unwrap_err().field(), Some("purpose"), "{name:?}");
        }
    }

    #[test]
    fn numbers_are_limited() {
        assert!(check_priority(-1_000_000).is_ok() && check_weight(0).is_ok());
        assert_eq!(check_priority(1_000_001).unwrap_err().field(), Some("priority"));
        assert_eq!(check_weight(-1).unwrap_err().field(), Some("weight"));
        assert!(check_tokens("context_window", None).is_ok());
        assert_eq!(
            check_tokens("context_window", Some(0)).unwrap_err().field(),
            Some("context_window")
        );
        let many: Vec<_> = (0..=MAX_CAPABILITIES).map(|number| number.to_string()).collect();
        assert!(check_capabilities(&many[1..]).is_ok() && check_capabilities(&many).is_err());
        assert!(check_capabilities(&["Vision".to_owned()]).is_err());
    }
}
