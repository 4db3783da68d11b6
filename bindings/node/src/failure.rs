//! Conversion of the library's error to the value from which JavaScript builds a `ChatkeepError`.

use std::error::Error as StdError;

use chatkeep::{Error, ErrorKind, SchemaState};
use napi_derive::napi;

/// Details of a failed call.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// Error code, for example `CHATKEEP_INVALID_INPUT`.
    pub code: &'static str,
    /// Human-readable description.
    pub message: String,
    /// Argument or setting that is invalid.
    pub field: Option<String>,
    /// Whether the same call may succeed if it is retried.
    pub retryable: bool,
    /// How the schema differs from this version, for schema errors.
    pub state: Option<&'static str>,
    /// Name of the failed call.
    pub operation: Option<String>,
    /// Messages of the underlying errors, outermost first.
    pub causes: Vec<String>,
}

/// Operation names in error messages, such as "for more, use iter_messages". JavaScript callers see
/// them in camel case.
const OPERATIONS: [&str; 1] = ["iter_messages"];

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let (code, retryable) = (error.kind().description().code, error.is_retryable());
        let operation = error.operation().map(camel_case);
        let field = error.field().map(camel_case);
        let state = error.schema_state().map(SchemaState::name);
        let error = match &field {
            Some(field) => error.with_field(field.clone()),
            None => error,
        };
        let mut message = error.to_string();
        if error.kind() == ErrorKind::InvalidInput {
            for name in OPERATIONS {
                message = message.replace(name, &camel_case(name));
            }
        }
        Self { code, message, field, retryable, state, operation, causes }
    }
}

/// Converts a name to camel case, such as `tokensUsed` or `messages[3].tokensUsed`. Names of
/// environment variables are unchanged, and so are keys of maps, such as `values[api_key]`.
fn camel_case(name: &str) -> String {
    if let Some((before, rest)) = name.split_once('[') {
        let (key, after) = rest.split_once(']').unwrap_or((rest, ""));
        return format!("{}[{key}]{}", camel_case(before), camel_case(after));
    }
    if name.contains(char::is_uppercase) {
        return name.to_owned();
    }
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut name, part| {
        let mut letters = part.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}
