//! Scopes: names of the permitted uses of a token, as in RFC 6749.

use crate::error::{Error, Result};

/// Maximum number of scopes of a token.
const MAX_SCOPES: usize = 100;
/// Maximum length of a scope, in characters.
const MAX_SCOPE: usize = 100;

/// Validates scopes, and joins them in the form in which they are stored. Duplicates are removed.
/// Returns `None` if there are none.
///
/// # Errors
/// `InvalidInput` with the field `scopes`.
pub fn join_scopes(scopes: &[String]) -> Result<Option<String>> {
    let mut distinct: Vec<&str> = Vec::with_capacity(scopes.len().min(MAX_SCOPES));
    for scope in scopes {
        check("scopes", scope)?;
        if !distinct.contains(&scope.as_str()) {
            distinct.push(scope);
        }
        if distinct.len() > MAX_SCOPES {
            let message = format!("has more than {MAX_SCOPES} scopes");
            return Err(Error::invalid_input("scopes", message));
        }
    }
    Ok((!distinct.is_empty()).then(|| distinct.join(" ")))
}

/// Splits stored scopes.
pub(crate) fn split_scopes(stored: Option<&str>) -> Vec<String> {
    stored
        .map(|text| text.split_ascii_whitespace().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Returns whether `scopes` contains all required ones, which are separated by spaces.
pub(crate) fn has_scopes(scopes: &[String], required: &str) -> bool {
    required.split_ascii_whitespace().all(|scope| scopes.iter().any(|given| given == scope))
}

/// Validates required scopes, which are separated by spaces.
///
/// # Errors
/// `InvalidInput` with the field `scope`.
pub fn check_required_scopes(required: &str) -> Result<()> {
    required.split(' ').try_for_each(|scope| check("scope", scope))
}

/// Validates one scope: printable ASCII characters, except the space, `"` and `\`.
fn check(field: &'static str, scope: &str) -> Result<()> {
    let is_allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if scope.is_empty() || scope.len() > MAX_SCOPE || !scope.bytes().all(is_allowed) {
        return Err(Error::invalid_input(
            field,
            format!(
                "a scope must have 1 to {MAX_SCOPE} printable ASCII characters, without spaces, \
                 quotation marks and backslashes"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|scope| (*scope).to_owned()).collect()
    }

    #[test]
    fn scopes_are_stored_once_and_in_order() {
        assert_eq!(join_scopes(&[]).unwrap(), None);
        let joined = join_scopes(&owned(&["write:a", "read", "write:a"])).unwrap();
        assert_eq!(joined.as_deref(), Some("write:a read"));
        assert_eq!(split_scopes(joined.as_deref()), ["write:a", "read"]);
        for invalid in ["", "a b", "a\"", "a\\", "é", "a\n", &"a".repeat(101)] {
            assert_eq!(join_scopes(&owned(&[invalid])).unwrap_err().field(), Some("scopes"));
        }
        let many: Vec<_> = (0..=MAX_SCOPES).map(|number| number.to_string()).collect();
        assert!(join_scopes(&many[1..]).is_ok() && join_scopes(&many).is_err());
    }

    #[test]
    fn all_required_scopes_must_be_present() {
        let scopes = owned(&["read", "write"]);
        for (required, expected) in
            [("read", true), ("write read", true), ("rea", false), ("read admin", false)]
        {
            assert_eq!(has_scopes(&scopes, required), expected, "{required}");
            assert!(!has_scopes(&[], required));
        }
        for invalid in ["", " read", "read  write", "a\t"] {
            assert_eq!(check_required_scopes(invalid).unwrap_err().field(), Some("scope"));
        }
    }
}
