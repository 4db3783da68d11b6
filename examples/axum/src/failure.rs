//! Errors as responses.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use chatkeep::{ErrorKind, TokenReason};
use serde_json::{Value, json};

/// Value of `Retry-After`. Chatkeep uses a database again within two seconds of its recovery.
pub(crate) const RETRY_SECONDS: &str = "5";

/// An error of a request.
pub(crate) enum Failure {
    MissingToken,
    InvalidToken(TokenReason),
    /// An invalid body or query string.
    Malformed(StatusCode, String),
    Chatkeep(chatkeep::Error),
}

impl From<chatkeep::Error> for Failure {
    fn from(error: chatkeep::Error) -> Self {
        Self::Chatkeep(error)
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self::Malformed(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        // As for a value that chatkeep rejects, such as `limit=0`.
        Self::Malformed(StatusCode::UNPROCESSABLE_ENTITY, rejection.body_text())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            // RFC 6750 permits no error code if the request has no token.
            Self::MissingToken => unauthorized("Bearer".to_owned(), "a bearer token is required"),
            Self::InvalidToken(reason) => unauthorized(
                format!(r#"Bearer error="invalid_token", error_description="{}""#, reason.name()),
                "the token is invalid",
            ),
            Self::Malformed(status, detail) => (status, body(detail)).into_response(),
            Self::Chatkeep(error) => respond(&error),
        }
    }
}

fn respond(error: &chatkeep::Error) -> Response {
    if error.kind() == ErrorKind::InvalidInput {
        let detail = json!({ "field": error.field(), "error": error.message() });
        return (StatusCode::UNPROCESSABLE_ENTITY, body(detail)).into_response();
    }
    // The cause is for the operator: it may contain the server's address. It never contains a token,
    // a password or the text of a message.
    eprintln!("echo-chat: {} failed: {error}", error.operation().unwrap_or("a call"));
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::PoolTimeout | ErrorKind::Conflict => {
            let retry = [(RETRY_AFTER, RETRY_SECONDS)];
            (unavailable, retry, body("the database is not available")).into_response()
        }
        // Without Retry-After, because a retry could store the message twice.
        ErrorKind::OutcomeUnknown => {
            (unavailable, body("the connection broke; the message may or may not be stored"))
                .into_response()
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, body("internal error")).into_response(),
    }
}

fn unauthorized(challenge: String, detail: &str) -> Response {
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)], body(detail)).into_response()
}

fn body(detail: impl Into<Value>) -> Json<Value> {
    Json(json!({ "detail": detail.into() }))
}
