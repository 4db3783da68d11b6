//! The outcome of a call, as it is returned to JavaScript.

use std::io;

use chatkeep::Error;
use napi::Either;
use napi::bindgen_prelude::Either4;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::failure::Failure;

/// The largest integer up to which JavaScript's numbers are exact: 2^53 - 1.
pub(crate) const MAX_SAFE: i64 = (1 << 53) - 1;

/// Prefix of the digits of an integer that is too large for a JavaScript number. No other string
/// starts with it, because stored strings contain no NUL character.
pub(crate) const LARGE_INTEGER_MARK: char = '\0';

/// The outcome of a call.
pub(crate) enum Response {
    Null,
    Bool(bool),
    Integer(i64),
    /// A string, or the JSON text of an array or an object.
    Text(String),
    Failed(Error),
}

/// A response as it is passed to JavaScript. An integer that is too large for a number is a string
/// of its digits, after [`LARGE_INTEGER_MARK`].
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
    if is_exact(number) {
        #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
        let number = number as f64;
        Either::A(number)
    } else {
        Either::B(format!("{LARGE_INTEGER_MARK}{number}"))
    }
}

/// Returns whether a JavaScript number has exactly this value.
pub(crate) fn is_exact(number: impl TryInto<i64>) -> bool {
    number.try_into().is_ok_and(|number| (-MAX_SAFE..=MAX_SAFE).contains(&number))
}

/// Encodes the result of an operation.
pub(crate) fn response(answer: &impl Serialize) -> Response {
    let mut json = Vec::with_capacity(128);
    let encoded = answer
        .serialize(&mut Serializer::with_formatter(&mut json, ExactIntegers))
        .map_err(io::Error::from)
        .and_then(|()| scalar(&json).map_or_else(|| text(json), Ok));
    encoded.unwrap_or_else(|error| {
        Response::Failed(Error::internal(format!("failed to serialize a result: {error}")))
    })
}

/// Returns the value of a JSON text that is neither an array nor an object.
fn scalar(json: &[u8]) -> Option<Response> {
    match json.first()? {
        b'n' => Some(Response::Null),
        b't' | b'f' => Some(Response::Bool(json == b"true")),
        b'"' => serde_json::from_slice(json).ok().map(Response::Text),
        b'[' | b'{' => None,
        _ => serde_json::from_slice(json).ok().map(Response::Integer),
    }
}

fn text(json: Vec<u8>) -> io::Result<Response> {
    String::from_utf8(json).map(Response::Text).map_err(io::Error::other)
}

/// Writes an integer that is too large for a JavaScript number as a string of its digits, after
/// [`LARGE_INTEGER_MARK`].
struct ExactIntegers;

macro_rules! write_exactly {
    ($($method:ident: $integer:ty),*) => {
        $(
            fn $method<W: ?Sized + io::Write>(
                &mut self,
                writer: &mut W,
                value: $integer,
            ) -> io::Result<()> {
                if is_exact(value) {
                    CompactFormatter.$method(writer, value)
                } else {
                    write!(writer, "\"\\u0000{value}\"")
                }
            }
        )*
    };
}

impl Formatter for ExactIntegers {
    write_exactly!(write_i64: i64, write_u64: u64, write_i128: i128, write_u128: u128);
}
