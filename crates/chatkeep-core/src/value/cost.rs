//! Costs in US dollars, exact to a billionth.

use std::fmt;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::described::{Described, FromValue, Type, Value};
use crate::error::{Error, Result};

/// Billionths in a dollar.
const DOLLAR: i128 = 1_000_000_000;
/// Maximum number of decimals.
const DECIMALS: usize = 9;

/// A cost in US dollars: 0 to 9,223,372,036.854775807, exact to a billionth.
///
/// Prices of models are fractions of a cent, which floating-point numbers cannot represent: their
/// sums are wrong after a few thousand messages. A cost is therefore a whole number of billionths
/// of a dollar, and decimal text everywhere outside of the database: `"0.00125"`, without an
/// exponent, a sign or trailing zeros.
///
/// ```
/// use chatkeep_core::Cost;
///
/// let cost: Cost = "0.00125".parse()?;
/// assert_eq!(cost.nano_dollars(), 1_250_000);
/// assert_eq!("2.50".parse::<Cost>()?.to_string(), "2.5");
/// assert_eq!("1e-3".parse::<Cost>().unwrap_err().field(), Some("cost"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = BigInt)]
pub struct Cost(i64);

impl Cost {
    /// Creates a cost from billionths of a US dollar.
    ///
    /// # Errors
    /// `InvalidInput` with the field `cost` if the number is negative.
    pub fn from_nano_dollars(nano_dollars: i64) -> Result<Self> {
        if nano_dollars < 0 {
            return Err(invalid("must be 0 or more"));
        }
        Ok(Self(nano_dollars))
    }

    /// Returns the cost in billionths of a US dollar.
    pub fn nano_dollars(self) -> i64 {
        self.0
    }

    /// Parses a cost in JSON: decimal text, or a whole number of dollars.
    pub(crate) fn from_json(value: &serde_json::Value) -> Result<Self> {
        match value {
            serde_json::Value::String(text) => text.parse(),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(dollars) => dollars.to_string().parse(),
                None => Err(invalid(
                    "must be decimal text such as \"0.00125\", not a number with a fraction, \
                     which would be inexact",
                )),
            },
            _ => Err(invalid("must be decimal text such as \"0.00125\", or null")),
        }
    }
}

impl FromStr for Cost {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (dollars, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !are_digits(dollars) || !are_digits(decimals) {
            return Err(invalid(
                "must be a decimal number of US dollars, such as 0.00125, without a sign or an \
                 exponent",
            ));
        }
        if decimals.len() > DECIMALS {
            return Err(invalid(format!(
                "has {} decimals; at most {DECIMALS} can be stored",
                decimals.len()
            )));
        }
        // Nine decimals are a number of billionths.
        format!("{dollars}{decimals:0<DECIMALS$}")
            .parse()
            .map(Self)
            .map_err(|_| invalid("must be at most 9223372036.854775807"))
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid_input("cost", message)
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TotalCost(self.0.into()).fmt(f)
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Described for Cost {
    const TYPE: Type = Type::Text;
}

impl FromValue for Cost {
    fn from_value(value: Value) -> Result<Self> {
        String::from_value(value)?.parse()
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for Cost
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<BigInt, DB>::to_sql(&self.0, out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Cost
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<BigInt, DB>::from_sql(bytes).map(Self)
    }
}

/// A sum of costs in US dollars, which may exceed every single [`Cost`]. It has the same form:
/// `"0.00125"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TotalCost(pub(crate) i128);

impl TotalCost {
    /// Returns the sum in billionths of a US dollar.
    pub fn nano_dollars(self) -> i128 {
        self.0
    }
}

impl From<Cost> for TotalCost {
    fn from(cost: Cost) -> Self {
        Self(cost.0.into())
    }
}

impl std::ops::AddAssign for TotalCost {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::Neg for TotalCost {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Display for TotalCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only totals that differ from their messages are negative.
        let sign = if self.0 < 0 { "-" } else { "" };
        let (dollars, rest) = (self.0.abs() / DOLLAR, self.0.abs() % DOLLAR);
        write!(f, "{sign}{dollars}")?;
        if rest == 0 {
            return Ok(());
        }
        let decimals = format!("{rest:0DECIMALS$}");
        write!(f, ".{}", decimals.trim_end_matches('0'))
    }
}

impl Serialize for TotalCost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Described for TotalCost {
    const TYPE: Type = Type::Text;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_exact_and_have_one_form() {
        for (text, nano, shown) in [
            ("0", 0, "0"),
            ("0.0", 0, "0"),
            ("5", 5_000_000_000, "5"),
            ("0.00125", 1_250_000, "0.00125"),
            ("2.50", 2_500_000_000, "2.5"),
            ("0.000000001", 1, "0.000000001"),
            ("007.1", 7_100_000_000, "7.1"),
            ("10", 10_000_000_000, "10"),
            ("9223372036.854775807", i64::MAX, "9223372036.854775807"),
        ] {
            let cost: Cost = text.parse().expect(text);
            assert_eq!((cost.nano_dollars(), cost.to_string().as_str()), (nano, shown), "{text}");
            assert_eq!(shown.parse::<Cost>().expect(shown), cost);
        }
    }

    #[test]
    fn other_texts_are_invalid() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            " 1",
            "1 ",
            "1,5",
            "1.2.3",
            "0x1",
            "NaN",
            "inf",
            "$1",
            "١",
            "1.0000000000",
            "9223372036.854775808",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Cost>().expect_err(text).field(), Some("cost"), "{text}");
        }
    }

    #[test]
    fn json_numbers_are_whole_dollars() {
        let parse = |json: serde_json::Value| Cost::from_json(&json);
        assert_eq!(parse(serde_json::json!(3)).expect("a cost").to_string(), "3");
        assert_eq!(parse(serde_json::json!("0.5")).expect("a cost").to_string(), "0.5");
        let error = parse(serde_json::json!(0.5)).expect_err("a float");
        assert!(error.message().contains("decimal text"), "{error}");
        for json in [serde_json::json!(-1), serde_json::json!(true), serde_json::json!(u64::MAX)] {
            assert_eq!(parse(json.clone()).expect_err("invalid").field(), Some("cost"), "{json}");
        }
    }

    #[test]
    fn sums_exceed_a_cost() {
        let mut sum = TotalCost::default();
        for _ in 0..3 {
            sum += TotalCost::from(Cost(i64::MAX));
        }
        assert_eq!(sum.to_string(), "27670116110.564327421");
        assert_eq!((-sum).to_string(), "-27670116110.564327421");
        assert_eq!(TotalCost(-1).to_string(), "-0.000000001");
    }
}
