//! Whole numbers.

use napi::{JsValue as _, ValueType};

use super::{Given, Refusal, Taken};
use crate::answer::MAX_SAFE;

/// 2^63: a bigint would not help either.
const BEYOND_64_BITS: f64 = 9_223_372_036_854_775_808.0;

/// Whether there is a value: neither `undefined` nor `null`.
pub(crate) fn is_given(given: &Given<'_>) -> napi::Result<bool> {
    Ok(!matches!(given.get_type()?, ValueType::Undefined | ValueType::Null))
}

/// A whole number of 64 bits: a number as far as it is exact, or a bigint.
pub(crate) fn integer(field: &str, given: &Given<'_>) -> Taken<i64> {
    match given.get_type()? {
        ValueType::Number => exact(field, given.coerce_to_number()?.get_double()?),
        ValueType::BigInt => {
            let digits = String::try_from(given.coerce_to_string()?.into_utf8()?)?;
            digits.parse().map_err(|_| Refusal::input(field, "does not fit 64 bits"))
        }
        _ => Err(Refusal::wrong_type(field, "a whole number", given)),
    }
}

fn exact(field: &str, number: f64) -> Taken<i64> {
    if number.fract() != 0.0 {
        // NaN and the infinities as well.
        return Err(Refusal::input(field, format!("must be a whole number, not {number}")));
    }
    #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
    let limit = MAX_SAFE as f64;
    if number.abs() >= BEYOND_64_BITS {
        return Err(Refusal::input(field, "does not fit 64 bits"));
    }
    if number.abs() > limit {
        let said =
            format!("{number:e} is beyond 2^53 - 1, where numbers are not exact: give a bigint");
        return Err(Refusal::input(field, said));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
    let number = number as i64;
    Ok(number)
}

/// A whole number or nothing.
pub(crate) fn optional_integer(field: &str, given: &Given<'_>) -> Taken<Option<i64>> {
    if is_given(given)? { integer(field, given).map(Some) } else { Ok(None) }
}
