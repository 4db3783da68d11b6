//! What JavaScript is told of a call that ended.

use napi::Either;
use napi::bindgen_prelude::Either4;

use crate::failure::Failure;

/// The largest whole number up to which JavaScript's numbers are exact: 2^53 - 1.
pub(crate) const MAX_SAFE: i64 = (1 << 53) - 1;

/// The outcome of a call.
pub(crate) enum Answer {
    Nothing,
    Yes(bool),
    Whole(i64),
    /// A text, which is JSON where the call says so.
    Text(String),
    Failed(chatkeep::Error),
}

/// An answer as it crosses over. What is too large for a number is the text of its digits.
pub(crate) type Told = Option<Either4<bool, f64, String, Failure>>;

impl Answer {
    pub(crate) fn told(self) -> Told {
        match self {
            Self::Nothing => None,
            Self::Yes(answer) => Some(Either4::A(answer)),
            Self::Whole(number) => Some(match whole(number) {
                Either::A(number) => Either4::B(number),
                Either::B(digits) => Either4::C(digits),
            }),
            Self::Text(text) => Some(Either4::C(text)),
            Self::Failed(error) => Some(Either4::D(error.into())),
        }
    }
}

/// A whole number that JavaScript counts exactly, or its digits.
pub(crate) fn whole(number: i64) -> Either<f64, String> {
    if (-MAX_SAFE..=MAX_SAFE).contains(&number) {
        #[expect(clippy::cast_precision_loss, reason = "it is exact up to 2^53")]
        let number = number as f64;
        Either::A(number)
    } else {
        Either::B(number.to_string())
    }
}

/// The number of something that was counted.
pub(crate) fn count(number: u64) -> Answer {
    Answer::Whole(i64::try_from(number).unwrap_or(i64::MAX))
}
