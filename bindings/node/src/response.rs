//! The outcome of a call, as it is returned to JavaScript.

use napi::Either;
use napi::bindgen_prelude::Either4;

use crate::failure::Failure;

/// The largest integer up to which JavaScript's numbers are exact: 2^53 - 1.
pub(crate) const MAX_SAFE: i64 = (1 << 53) - 1;

/// The outcome of a call.
pub(crate) enum Response {
    Null,
    Bool(bool),
    Integer(i64),
    /// Text. Some calls document it as JSON.
    Text(String),
    Failed(chatkeep::Error),
}

/// A response as it is passed to JavaScript. An integer that is too large for a number is a
/// string of its digits.
pub(crate) type JsValue = Option<Either4<bool, f64, String, Failure>>;

impl Response {
    pub(crate) fn into_js(self) -> JsValue {
        match self {
            Self::Null => None,
            Self::Bool(value) => Some(Either4::A(value)),
            Self::Integer(number) => Some(match js_integer(number) {
                Either::A(number) => Either4::B(number),
                Either::B(digits) => Either4::C(digits),
            }),
            Self::Text(text) => Some(Either4::C(text)),
            Self::Failed(error) => Some(Either4::D(error.into())),
        }
    }
}

/// Returns the integer as a number if JavaScript's numbers are exact there, otherwise its digits.
pub(crate) fn js_integer(number: i64) -> Either<f64, String> {
    if (-MAX_SAFE..=MAX_SAFE).contains(&number) {
        #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
        let number = number as f64;
        Either::A(number)
    } else {
        Either::B(number.to_string())
    }
}

/// Returns a count as a response.
pub(crate) fn count(number: u64) -> Response {
    Response::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
