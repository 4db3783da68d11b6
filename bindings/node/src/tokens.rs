//! API tokens.
//!
//! Each method implements the JavaScript method that its doc comment names. `number` is the number
//! that JavaScript gave the call, by which it finds the promise for the outcome.

use chatkeep::Chatkeep;
use napi::bindgen_prelude::Either4;
use napi::{Either, Env, ValueType};
use napi_derive::napi;

use crate::arguments::{self, ArgError, ArgResult, JsArg};
use crate::call;
use crate::failure::Failure;
use crate::response::{JsValue, Response, count};
use crate::rows;
use crate::store::Store;
use crate::submit::Submitted;

/// Default description of a token.
const DEFAULT_DESCRIPTION: &str = "API Token";

#[napi]
impl Store {
    /// `TokenManager.createToken`
    #[napi]
    pub fn create_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] description: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] expires_days: JsArg<'_>,
    ) -> Submitted {
        self.call(env, number, "create_token", None).submit(
            || new_token(&description, &expires_days),
            |chat, (description, days)| chat.tokens().create_token(&description, days),
            rows::created_token,
        )
    }

    /// Returns the result of `TokenManager.verifyToken` if it is known without a database query.
    #[napi(ts_return_type = "null | boolean | Failure")]
    pub fn verify_cached(
        &self,
        #[napi(ts_arg_type = "unknown")] token: JsArg<'_>,
    ) -> napi::Result<Option<Either<bool, Failure>>> {
        let entered = call::enter("verify_token", || {
            let Some(token) = presented(&token)? else { return Ok(Some(false)) };
            Ok(self.handle().chat()?.tokens().verify_cached(&token))
        });
        Ok(match entered? {
            Either::A(valid) => valid.map(Either::A),
            Either::B(failure) => Some(Either::B(failure)),
        })
    }

    /// `TokenManager.verifyToken`
    #[napi]
    pub fn verify_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] token: JsArg<'_>,
    ) -> Submitted {
        self.call(env, number, "verify_token", None).submit(
            || Ok(presented(&token)?.unwrap_or_default()),
            |chat, token| chat.tokens().verify_token(&token),
            Response::Bool,
        )
    }

    /// Returns the result of `TokenManager.checkToken`, as JSON, if it is known without a database
    /// query.
    #[napi(ts_return_type = "null | string | Failure")]
    pub fn check_cached(
        &self,
        #[napi(ts_arg_type = "unknown")] token: JsArg<'_>,
    ) -> napi::Result<JsValue> {
        let entered = call::enter("check_token", || {
            let token = presented(&token)?.unwrap_or_default();
            Ok(self.handle().chat()?.tokens().check_cached(&token))
        });
        Ok(match entered? {
            Either::A(check) => check.and_then(|check| rows::token_check(check).into_js()),
            Either::B(failure) => Some(Either4::D(failure)),
        })
    }

    /// `TokenManager.checkToken`
    #[napi]
    pub fn check_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] token: JsArg<'_>,
    ) -> Submitted {
        self.call(env, number, "check_token", None).submit(
            || Ok(presented(&token)?.unwrap_or_default()),
            |chat, token| chat.tokens().check_token(&token),
            rows::token_check,
        )
    }

    /// `TokenManager.listTokens`
    #[napi]
    pub fn list_tokens(&self, env: Env, number: f64) -> Submitted {
        let list = |chat: &Chatkeep, ()| chat.tokens().list_tokens();
        self.call(env, number, "list_tokens", None).submit(|| Ok(()), list, rows::tokens)
    }

    /// `TokenManager.getTokenInfo`
    #[napi]
    pub fn get_token_info(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] id: JsArg<'_>,
    ) -> Submitted {
        self.call(env, number, "get_token_info", None).submit(
            || arguments::integer("id", &id),
            |chat, id| chat.tokens().get_token_info(id),
            rows::optional_token,
        )
    }

    /// `TokenManager.revokeToken`
    #[napi]
    pub fn revoke_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] token_id: JsArg<'_>,
    ) -> Submitted {
        self.call(env, number, "revoke_token", None).submit(
            || arguments::integer("token_id", &token_id),
            |chat, id| chat.tokens().revoke_token(id),
            Response::Bool,
        )
    }

    /// `TokenManager.deleteExpiredTokens`
    #[napi]
    pub fn delete_expired_tokens(&self, env: Env, number: f64) -> Submitted {
        let delete = |chat: &Chatkeep, ()| chat.tokens().delete_expired_tokens();
        self.call(env, number, "delete_expired_tokens", None).submit(|| Ok(()), delete, count)
    }
}

fn new_token(
    description: &JsArg<'_>,
    expires_days: &JsArg<'_>,
) -> ArgResult<(String, Option<i64>)> {
    let description = match description.get_type()? {
        ValueType::Undefined => DEFAULT_DESCRIPTION.to_owned(),
        _ => arguments::text("description", description)?,
    };
    Ok((description, arguments::optional_integer("expires_days", expires_days)?))
}

/// Converts a token that a client presented.
///
/// Returns `None` for a string with a lone surrogate, which is not valid Unicode. It is a malformed
/// token rather than an invalid argument, because the client chose it.
fn presented(token: &JsArg<'_>) -> ArgResult<Option<String>> {
    match arguments::text("token", token) {
        Err(ArgError::Invalid(_)) if token.get_type()? == ValueType::String => Ok(None),
        result => result.map(Some),
    }
}
