//! The layer that requires a valid token: `Authorization: Bearer …`.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use chatkeep::AsyncChatkeep;

use crate::failure::Failure;

/// Rejects a request without a valid token. Handlers get the token's record as an `Extension`.
pub(crate) async fn require(
    State(store): State<AsyncChatkeep>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let token = bearer_token(request.headers()).ok_or(Failure::MissingToken)?;
    // An error means that the database did not answer. The token may be valid, so the response is
    // 503: a client that receives 401 discards its token.
    let check = store.tokens().check_token(token).await?;
    match check.token {
        Some(info) if check.valid => {
            request.extensions_mut().insert(info);
            Ok(next.run(request).await)
        }
        _ => Err(Failure::InvalidToken(check.reason)),
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
