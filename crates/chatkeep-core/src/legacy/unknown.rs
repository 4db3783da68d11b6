//! Unknown columns, of any number: the query returns their values as one text.

use super::rows::{RawValue, value};
use super::text::Encoding;

/// Maximum number of arguments per function call, within SQLite's limit.
const MAX_ARGUMENTS: usize = 100;

/// Returns an SQL expression that encodes the values of these columns, separated by commas. Each
/// value is the first letter of its type, followed by its bytes in hexadecimal digits.
pub(super) fn as_sql(columns: &[String]) -> String {
    let values: Vec<_> = columns
        .iter()
        .map(|name| {
            let name = quoted(name);
            // A direct conversion of a floating-point number to text would lose its last digits.
            format!(
                "substr(typeof({name}), 1, 1) || hex(CAST(CASE typeof({name}) \
                 WHEN 'real' THEN printf('%!.17g', {name}) ELSE {name} END AS BLOB))"
            )
        })
        .collect();
    let groups: Vec<_> = values.chunks(MAX_ARGUMENTS).map(joined).collect();
    joined(&groups)
}

fn joined(parts: &[String]) -> String {
    if parts.is_empty() { "''".to_owned() } else { format!("concat_ws(',', {})", parts.join(", ")) }
}

/// Quotes a name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Decodes the values.
pub(super) fn values(text: &str, encoding: Encoding) -> Option<Vec<RawValue>> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| value(*part.as_bytes().first()?, bytes(part.get(1..)?)?, encoding)).collect()
}

/// Decodes hexadecimal digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = digits
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    Some(
        digits?
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
            .collect(),
    )
}
