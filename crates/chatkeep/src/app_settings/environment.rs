//! Settings from the environment.

use std::env::{self, VarError};

use chatkeep_core::{Error, JsonValue, Result};

const PREFIX: &str = "CHATKEEP_SETTING_";

/// Returns the name of the variable of a setting.
fn variable(scope: &str, key: &str) -> String {
    let mut name = String::with_capacity(PREFIX.len() + scope.len() + key.len() + 2);
    name.push_str(PREFIX);
    let spelled = |text: &str, name: &mut String| {
        for character in text.chars() {
            let upper = character.to_ascii_uppercase();
            let is_allowed = upper.is_ascii_uppercase() || upper.is_ascii_digit();
            name.push(if is_allowed { upper } else { '_' });
        }
    };
    if !scope.is_empty() {
        spelled(scope, &mut name);
        name.push_str("__");
    }
    spelled(key, &mut name);
    name
}

/// Returns the value of a setting in the environment, which is read at each call. An empty variable
/// counts as unset.
///
/// # Errors
/// `Configuration` with the variable's name if its value is not valid Unicode.
pub(super) fn value(scope: &str, key: &str) -> Result<Option<JsonValue>> {
    let name = variable(scope, key);
    match env::var(&name) {
        Ok(text) => parse(&text),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Error::configuration("is not valid Unicode").with_field(name))
        }
    }
}

/// Converts the text of a variable: JSON, or otherwise a string.
fn parse(text: &str) -> Result<Option<JsonValue>> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    JsonValue::parse(trimmed).or_else(|_| JsonValue::text(text)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_after_scope_and_key() {
        for (scope, key, name) in [
            ("", "theme", "CHATKEEP_SETTING_THEME"),
            ("", "ui.theme-2", "CHATKEEP_SETTING_UI_THEME_2"),
            ("tenant:7", "maxTokens", "CHATKEEP_SETTING_TENANT_7__MAXTOKENS"),
            ("", "é=\"$(x)", "CHATKEEP_SETTING______X_"),
        ] {
            assert_eq!(variable(scope, key), name);
        }
    }

    #[test]
    fn text_that_is_not_json_is_a_string() {
        let json = |text: &str| parse(text).unwrap().map(|value| value.as_json().to_owned());
        for (text, value) in [
            ("true", "true"),
            (" 12 ", "12"),
            ("null", "null"),
            (r#"{"b":1,"a":[]}"#, r#"{"a":[],"b":1}"#),
            (r#""dark""#, r#""dark""#),
            ("dark", r#""dark""#),
            ("1.2.3", r#""1.2.3""#),
            ("18446744073709551616", r#""18446744073709551616""#),
            (" a b ", r#"" a b ""#),
        ] {
            assert_eq!(json(text).as_deref(), Some(value), "{text}");
        }
        assert_eq!(json(" "), None);
    }
}
