//! Integers.

use napi::{JsValue as _, ValueType};

use super::{ArgError, ArgResult, JsArg};
use crate::response::MAX_SAFE;

/// 2^63, from which on a bigint does not fit either.
const BEYOND_64_BITS: f64 = 9_223_372_036_854_775_808.0;

/// Returns whether there is a value: neither `undefined` nor `null`.
pub(crate) fn is_given(arg: &JsArg<'_>) -> napi::Result<bool> {
    Ok(!matches!(arg.get_type()?, ValueType::Undefined | ValueType::Null))
}

/// Converts a number that is exact, or a bigint, to a 64-bit integer.
pub(crate) fn integer(field: &str, arg: &JsArg<'_>) -> ArgResult<i64> {
    match arg.get_type()? {
        ValueType::Number => exact(field, arg.coerce_to_number()?.get_double()?),
        ValueType::BigInt => {
            let digits = String::try_from(arg.coerce_to_string()?.into_utf8()?)?;
            digits.parse().map_err(|_| ArgError::input(field, "does not fit 64 bits"))
        }
        _ => Err(ArgError::wrong_type(field, "a whole number", arg)),
    }
}

fn exact(field: &str, number: f64) -> ArgResult<i64> {
    // Also true for NaN and the infinities, whose fraction is NaN.
    if number.fract() != 0.0 {
        return Err(ArgError::input(field, format!("must be a whole number, not {number}")));
    }
    #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
    let limit = MAX_SAFE as f64;
    if number.abs() >= BEYOND_64_BITS {
        return Err(ArgError::input(field, "does not fit 64 bits"));
    }
    if number.abs() > limit {
        let message =
            format!("{number:e} exceeds 2^53 - 1, the largest exact number; pass a bigint");
        return Err(ArgError::input(field, message));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
    let number = number as i64;
    Ok(number)
}
