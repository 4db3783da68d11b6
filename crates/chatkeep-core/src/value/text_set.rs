//! A set of texts in one column.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical_text;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Json;

/// Texts without duplicates, in ascending order. They are stored as a JSON list.
///
/// ```
/// use chatkeep_core::TextSet;
///
/// let set = TextSet::from(vec!["vision".to_owned(), "tools".to_owned(), "tools".to_owned()]);
/// assert_eq!(set.as_slice(), ["tools", "vision"]);
/// ```
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = Json)]
#[serde(from = "Vec<String>")]
pub struct TextSet(Vec<String>);

impl TextSet {
    /// Returns the texts.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Returns the texts as a JSON list.
    pub fn as_json(&self) -> String {
        canonical_text(&Value::from(self.0.as_slice()))
    }

    pub(crate) fn into_vec(self) -> Vec<String> {
        self.0
    }

    /// Converts the text of a column, which another program may have written.
    pub(crate) fn from_stored(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            let message = format!("a stored value is not a JSON list of texts: {error}");
            Error::new(ErrorKind::Corrupt, message)
        })
    }
}

impl From<Vec<String>> for TextSet {
    fn from(mut texts: Vec<String>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        Self(texts)
    }
}

impl From<&[String]> for TextSet {
    fn from(texts: &[String]) -> Self {
        Self::from(texts.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_sorted_and_distinct_in_every_form() {
        let set = TextSet::from_stored(r#"["b", "a", "b", "ü\""]"#).unwrap();
        assert_eq!(set.as_slice(), ["a", "b", "ü\""]);
        assert_eq!(set.as_json(), r#"["a","b","ü\""]"#);
        assert_eq!(TextSet::from(&["a".to_owned(), "a".to_owned()][..]).into_vec(), ["a"]);
        for other in ["{}", "null", "[1]", "", "[\"a\""] {
            let error = TextSet::from_stored(other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{other}");
        }
    }
}
