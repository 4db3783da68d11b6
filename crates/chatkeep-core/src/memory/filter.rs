//! Conditions on the keys of stored values.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::error::{Error, Result};
use crate::value::Metadata;

const FIELD: &str = "filter";

/// Conditions that a value meets all of, or not.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryFilter(Vec<Condition>);

/// A condition on one key. A value without the key has null there.
#[derive(Debug, Clone)]
struct Condition {
    key: String,
    operator: Operator,
    operand: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    /// The value is a number or a text, as the operand is, and one of these orderings is that of the
    /// value to the operand.
    Compares(&'static [Ordering]),
}

const OPERATORS: [(&str, Operator); 6] = [
    ("$eq", Operator::Equal),
    ("$ne", Operator::NotEqual),
    ("$gt", Operator::Compares(&[Ordering::Greater])),
    ("$gte", Operator::Compares(&[Ordering::Greater, Ordering::Equal])),
    ("$lt", Operator::Compares(&[Ordering::Less])),
    ("$lte", Operator::Compares(&[Ordering::Less, Ordering::Equal])),
];

impl MemoryFilter {
    /// Parses a filter: for each key a value, or an object of operators.
    ///
    /// # Errors
    /// `InvalidInput` with the field `filter` if an operator is unknown or cannot have its operand.
    pub(super) fn new(filter: &Metadata) -> Result<Self> {
        let mut conditions = Vec::new();
        for (key, wanted) in filter.to_map() {
            match wanted {
                Value::Object(operators) if operators.keys().any(|name| name.starts_with('$')) => {
                    for (name, operand) in operators {
                        let operator = operator(&key, &name, &operand)?;
                        conditions.push(Condition { key: key.clone(), operator, operand });
                    }
                }
                operand => {
                    conditions.push(Condition { key, operator: Operator::Equal, operand });
                }
            }
        }
        Ok(Self(conditions))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn matches(&self, value: &Metadata) -> bool {
        let value = value.to_map();
        self.0.iter().all(|condition| condition.is_met(value.get(&condition.key)))
    }
}

fn operator(key: &str, name: &str, operand: &Value) -> Result<Operator> {
    let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = OPERATORS.iter().map(|(known, _)| *known).collect();
        return Err(Error::invalid_input(
            FIELD,
            format!("{name:?} of {key:?} is not an operator; valid ones are {}", known.join(", ")),
        ));
    };
    let is_comparable = matches!(operand, Value::Number(_) | Value::String(_));
    if matches!(operator, Operator::Compares(_)) && !is_comparable {
        return Err(Error::invalid_input(
            FIELD,
            format!("{name} of {key:?} compares with a number or a string only"),
        ));
    }
    Ok(*operator)
}

impl Condition {
    fn is_met(&self, value: Option<&Value>) -> bool {
        let value = value.unwrap_or(&Value::Null);
        match self.operator {
            Operator::Equal => is_equal(value, &self.operand),
            Operator::NotEqual => !is_equal(value, &self.operand),
            Operator::Compares(orderings) => {
                compare(value, &self.operand).is_some_and(|found| orderings.contains(&found))
            }
        }
    }
}

/// Returns whether two values are equal. Numbers are compared by value: 1 and 1.0 are equal.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            compare_numbers(one, other) == Some(Ordering::Equal)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| is_equal(one, other)))
        }
        _ => one == other,
    }
}

/// Compares two numbers, or two texts by their code points. `None` for other types.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// Compares exactly: an integer of 64 bits is not rounded to a double.
fn compare_numbers(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        (Some(one), None) => compare_with_double(one, other.as_f64()?),
        (None, Some(other)) => compare_with_double(other, one.as_f64()?).map(Ordering::reverse),
        (None, None) => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

fn compare_with_double(integer: i128, double: f64) -> Option<Ordering> {
    // A double beyond the range of `i128` becomes its limit, which no integer of 64 bits reaches.
    match integer.cmp(&(double.trunc() as i128)) {
        Ordering::Equal => 0.0.partial_cmp(&double.fract()),
        ordering => Some(ordering),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str, value: &str) -> bool {
        let filter = MemoryFilter::new(&Metadata::parse(filter).unwrap()).unwrap();
        filter.matches(&Metadata::parse(value).unwrap())
    }

    #[test]
    fn values_are_equal_by_type_and_value() {
        for (one, other, are_equal) in [
            ("1", "1", true),
            ("1", "1.0", true),
            ("1", "1.5", false),
            ("1", r#""1""#, false),
            ("1", "true", false),
            ("0", "false", false),
            ("0", "null", false),
            ("9007199254740993", "9007199254740992.0", false),
            ("18446744073709551615", "18446744073709551615", true),
            ("18446744073709551615", "18446744073709551616.0", false),
            ("-9223372036854775808", "-9223372036854775808.0", true),
            (r#""a""#, r#""a""#, true),
            (r#""a""#, r#""A""#, false),
            (r#""a""#, r#""a ""#, false),
            (r#""\u00e9""#, r#""e\u0301""#, false),
            ("[1, 2]", "[1.0, 2]", true),
            ("[1, 2]", "[2, 1]", false),
            ("[1]", "[1, 2]", false),
            (r#"{"x": 1, "y": {"z": 2}}"#, r#"{"y": {"z": 2.0}, "x": 1}"#, true),
            (r#"{"x": 1}"#, r#"{"x": 1, "y": 2}"#, false),
            (r#"{"x": 1, "y": 2}"#, r#"{"x": 1}"#, false),
            (r#"{"x": 1}"#, r#"{"y": 1}"#, false),
            ("{}", "{}", true),
            ("{}", r#"{"x": 1}"#, false),
            ("null", "null", true),
        ] {
            for (one, other) in [(one, other), (other, one)] {
                let value = format!(r#"{{"a": {other}, "b": 1}}"#);
                let filter = |wanted: &str| format!(r#"{{"a": {wanted}}}"#);
                assert_eq!(matches(&filter(one), &value), are_equal, "{one} {other}");
                let operator = |name: &str| filter(&format!(r#"{{"{name}": {one}}}"#));
                assert_eq!(matches(&operator("$eq"), &value), are_equal, "{one} {other}");
                assert_eq!(matches(&operator("$ne"), &value), !are_equal, "{one} {other}");
            }
        }
    }

    #[test]
    fn a_missing_key_is_null() {
        assert!(matches(r#"{"a": null}"#, "{}"));
        assert!(matches(r#"{"a": {"$ne": 1}}"#, "{}"));
        assert!(!matches(r#"{"a": {"$ne": null}}"#, "{}"));
        assert!(!matches(r#"{"a": {"$lt": 1}}"#, "{}"));
        assert!(matches("{}", "{}"));
    }

    #[test]
    fn comparisons_are_by_type() {
        let texts = [r#""""#, r#""10""#, r#""9""#, r#""Z""#, r#""a""#, r#""é""#, r#""🎉""#];
        let numbers = [
            "-1e300",
            "-9223372036854775808",
            "-1.5",
            "-1",
            "0.0",
            "9",
            "10",
            "10.5",
            "9007199254740992.0",
            "9007199254740993",
            "18446744073709551615",
            "1e300",
        ];
        for values in [&texts[..], &numbers] {
            for (at, one) in values.iter().enumerate() {
                for (other_at, other) in values.iter().enumerate() {
                    let value = format!(r#"{{"a": {one}}}"#);
                    for (name, expected) in [
                        ("$gt", at > other_at),
                        ("$gte", at >= other_at),
                        ("$lt", at < other_at),
                        ("$lte", at <= other_at),
                    ] {
                        let filter = format!(r#"{{"a": {{"{name}": {other}}}}}"#);
                        assert_eq!(matches(&filter, &value), expected, "{one} {name} {other}");
                    }
                }
            }
        }
        for (value, operand) in
            [("9", r#""10""#), (r#""10""#, "9"), ("true", "0"), ("null", "0"), ("[1]", "0")]
        {
            for name in ["$gt", "$gte", "$lt", "$lte"] {
                let filter = format!(r#"{{"a": {{"{name}": {operand}}}}}"#);
                assert!(!matches(&filter, &format!(r#"{{"a": {value}}}"#)), "{value} {name}");
            }
        }
        let range = r#"{"a": {"$gt": 1, "$lte": 3}, "b": "x"}"#;
        assert!(matches(range, r#"{"a": 3, "b": "x"}"#));
        assert!(!matches(range, r#"{"a": 1, "b": "x"}"#));
        assert!(!matches(range, r#"{"a": 3, "b": "y"}"#));
    }

    #[test]
    fn unknown_operators_and_their_operands_are_refused() {
        for (filter, part) in [
            (r#"{"a": {"$regex": "x"}}"#, "$regex"),
            (r#"{"a": {"$gt": 1, "b": 2}}"#, r#""b""#),
            (r#"{"a": {"$GT": 1}}"#, "$GT"),
            (r#"{"a": {"$": 1}}"#, "$"),
            (r#"{"a": {"$gt": null}}"#, "number or a string"),
            (r#"{"a": {"$lte": true}}"#, "number or a string"),
            (r#"{"a": {"$lt": [1]}}"#, "number or a string"),
        ] {
            let error = MemoryFilter::new(&Metadata::parse(filter).unwrap()).expect_err(filter);
            assert_eq!(error.field(), Some("filter"));
            assert!(error.message().contains(part), "{filter}: {}", error.message());
        }
        assert!(matches(r#"{"a": {"$eq": {"$x": 1}}}"#, r#"{"a": {"$x": 1}}"#));
    }
}
