//! Assertions about failed calls.

use std::error::Error as _;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use chatkeep::{Error, ErrorKind, Result};

/// Tolerance of all deadlines, for machines that are busy with other tests.
pub(crate) const SLACK: Duration = Duration::from_secs(4);

/// The error of a failed call, and the call's duration.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    took: Duration,
}

/// Makes a call that must fail, and asserts that the error does not show the URL's password.
#[track_caller]
pub(crate) fn fails<T: Debug>(url: &str, call: impl FnOnce() -> Result<T>) -> Failed {
    let begin = Instant::now();
    let outcome = call();
    let took = begin.elapsed();
    match outcome {
        Ok(value) => panic!("the call must fail, but returned {value:?}"),
        Err(error) => {
            let failed = Failed { error, took };
            match password_of(url) {
                Some(password) => failed.hiding(password),
                None => failed,
            }
        }
    }
}

impl Failed {
    #[track_caller]
    pub(crate) fn with(self, kind: ErrorKind) -> Self {
        assert_eq!(self.error.kind(), kind, "{:?}", self.error);
        self
    }

    /// Asserts that the error has one of these kinds.
    #[track_caller]
    pub(crate) fn with_any(self, kinds: &[ErrorKind]) -> Self {
        assert!(
            kinds.contains(&self.error.kind()),
            "one of {kinds:?} is expected: {:?}",
            self.error
        );
        self
    }

    /// Asserts that the message contains this text, ignoring case.
    #[track_caller]
    pub(crate) fn containing(self, text: &str) -> Self {
        let message = self.error.to_string();
        assert!(
            message.to_lowercase().contains(&text.to_lowercase()),
            "{text:?} is missing in {message:?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn naming(self, field: &str) -> Self {
        assert_eq!(self.error.field(), Some(field), "{:?}", self.error);
        self
    }

    /// Asserts that a retry may help.
    #[track_caller]
    pub(crate) fn retryable(self) -> Self {
        assert!(self.error.is_retryable(), "{:?}", self.error);
        self
    }

    /// Asserts that the call must not be retried: it cannot help, or could store twice.
    #[track_caller]
    pub(crate) fn final_(self) -> Self {
        assert!(!self.error.is_retryable(), "{:?}", self.error);
        self
    }

    /// Asserts that the call ended by this deadline, plus the tolerance.
    #[track_caller]
    pub(crate) fn within(self, deadline: Duration) -> Self {
        let Self { took, error } = &self;
        assert!(
            *took <= deadline + SLACK,
            "took {took:?} where {deadline:?} is the deadline: {error:?}"
        );
        self
    }

    /// Asserts that the call ended without waiting for a deadline.
    #[track_caller]
    pub(crate) fn at_once(self) -> Self {
        self.within(Duration::ZERO)
    }

    /// Asserts that no representation of the error contains the secret.
    #[track_caller]
    pub(crate) fn hiding(self, secret: &str) -> Self {
        assert!(!secret.is_empty(), "an empty secret is in every text");
        for text in shown(&self.error) {
            assert!(!text.contains(secret), "an error shows the secret {secret:?}: {text}");
        }
        self
    }
}

/// Returns all texts of an error, including its causes.
fn shown(error: &Error) -> Vec<String> {
    let mut texts = vec![
        error.to_string(),
        format!("{error:?}"),
        format!("{error:#?}"),
        error.message().to_owned(),
    ];
    let mut cause = error.source();
    while let Some(inner) = cause {
        texts.extend([inner.to_string(), format!("{inner:?}")]);
        cause = inner.source();
    }
    texts
}

/// Returns the password in a URL, in its encoded form.
pub(crate) fn password_of(url: &str) -> Option<&str> {
    let (account, _) = url.split_once("://")?.1.rsplit_once('@')?;
    account.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
}

/// Repeats a call until it succeeds, for at most this time plus the tolerance.
#[track_caller]
pub(crate) fn heals<T>(within: Duration, mut call: impl FnMut() -> Result<T>) -> T {
    let begin = Instant::now();
    loop {
        match call() {
            Ok(value) => return value,
            Err(error) if begin.elapsed() > within + SLACK => {
                panic!("still failing after {within:?}: {error:?}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
