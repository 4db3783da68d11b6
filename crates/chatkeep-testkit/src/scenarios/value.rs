//! Values with `$any`, `$saved`, `$repeat` and `$concat`.

use serde_json::{Map, Value};

/// Replaces `{"$saved": …}` by the saved value, and `{"$repeat": …}` and `{"$concat": …}` by the
/// texts that they describe.
///
/// # Errors
///
/// The description of a malformed one.
pub fn expand(value: Value, saved: &Map<String, Value>) -> Result<Value, String> {
    let object = match value {
        Value::Array(values) => {
            return values.into_iter().map(|value| expand(value, saved)).collect();
        }
        Value::Object(object) => object,
        other => return Ok(other),
    };
    let mut entries = object.iter();
    let (Some((key, operand)), None) = (entries.next(), entries.next()) else {
        let expanded = |(key, value)| Ok((key, expand(value, saved)?));
        return object.into_iter().map(expanded).collect();
    };
    match key.as_str() {
        "$saved" => {
            let found = operand.as_str().and_then(|name| saved.get(name));
            found.cloned().ok_or_else(|| format!("no value is saved as {operand}"))
        }
        "$repeat" => {
            let (text, times): (String, usize) = serde_json::from_value(operand.clone())
                .map_err(|error| format!("$repeat takes a text and a number: {error}"))?;
            Ok(Value::String(text.repeat(times)))
        }
        "$concat" => {
            let parts: Vec<String> = serde_json::from_value(expand(operand.clone(), saved)?)
                .map_err(|error| format!("$concat takes a list of texts: {error}"))?;
            Ok(Value::String(parts.concat()))
        }
        _ => object.into_iter().map(|(key, value)| Ok((key, expand(value, saved)?))).collect(),
    }
}

/// Returns how a result differs from its expectation. Objects are compared by the expected keys.
/// `name` is the name of the result.
pub(super) fn difference(name: &str, result: &Value, expected: &Value) -> Option<String> {
    match (result, expected) {
        (_, Value::Object(keys)) if keys.len() == 1 && keys.contains_key("$any") => {
            result.is_null().then(|| format!("{name} is null"))
        }
        (Value::Object(result), Value::Object(keys)) => {
            keys.iter().find_map(|(key, expected)| match result.get(key) {
                Some(value) => difference(&format!("{name}.{key}"), value, expected),
                None => Some(format!("{name} has no {key}")),
            })
        }
        (Value::Array(results), Value::Array(expected)) if results.len() == expected.len() => {
            (0..).zip(results.iter().zip(expected)).find_map(|(index, (result, expected))| {
                difference(&format!("{name}.{index}"), result, expected)
            })
        }
        _ => (result != expected).then(|| format!("{name} is {result}, expected {expected}")),
    }
}

/// Returns the value at a path such as `0.id`. The empty path is the whole value.
pub(super) fn select<'a>(value: &'a Value, path: &str) -> Result<&'a Value, String> {
    let keys = path.split('.').filter(|key| !key.is_empty());
    keys.into_iter().try_fold(value, |value, key| {
        let found = match value {
            Value::Array(values) => key.parse().ok().and_then(|index: usize| values.get(index)),
            other => other.get(key),
        };
        found.ok_or_else(|| format!("the result has no {path:?}: {value}"))
    })
}
