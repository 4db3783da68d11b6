//! API tokens.

use chatkeep::Chatkeep;
use napi::bindgen_prelude::Either4;
use napi::{Either, Env, ValueType};
use napi_derive::napi;

use crate::answer::{Answer, Told, count};
use crate::arguments::{self, Given, Refusal, Taken};
use crate::door;
use crate::failure::Failure;
use crate::rows;
use crate::store::Store;
use crate::submit::Begun;

/// What a token is for where nothing is said.
const DESCRIPTION: &str = "API Token";

#[napi]
impl Store {
    /// `TokenManager.createToken`
    #[napi]
    pub fn create_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] description: Given<'_>,
        #[napi(ts_arg_type = "unknown")] expires_days: Given<'_>,
    ) -> Begun {
        self.call(env, number, "create_token", None).submit(
            || new_token(&description, &expires_days),
            |chat, (description, days)| chat.tokens().create_token(&description, days),
            rows::created_token,
        )
    }

    /// What `TokenManager.verifyToken` answers, if it can without asking the database.
    #[napi(ts_return_type = "null | boolean | Failure")]
    pub fn verify_at_once(
        &self,
        #[napi(ts_arg_type = "unknown")] token: Given<'_>,
    ) -> napi::Result<Option<Either<bool, Failure>>> {
        let entered = door::enter("verify_token", || {
            let Some(token) = presented(&token)? else { return Ok(Some(false)) };
            Ok(self.handle().chat()?.tokens().verify_at_once(&token))
        });
        Ok(match entered? {
            Either::A(answer) => answer.map(Either::A),
            Either::B(failure) => Some(Either::B(failure)),
        })
    }

    /// `TokenManager.verifyToken`
    #[napi]
    pub fn verify_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] token: Given<'_>,
    ) -> Begun {
        self.call(env, number, "verify_token", None).submit(
            || Ok(presented(&token)?.unwrap_or_default()),
            |chat, token| chat.tokens().verify_token(&token),
            Answer::Yes,
        )
    }

    /// What `TokenManager.checkToken` answers, if it can without asking the database: its JSON.
    #[napi(ts_return_type = "null | string | Failure")]
    pub fn check_at_once(
        &self,
        #[napi(ts_arg_type = "unknown")] token: Given<'_>,
    ) -> napi::Result<Told> {
        let entered = door::enter("check_token", || {
            let token = presented(&token)?.unwrap_or_default();
            Ok(self.handle().chat()?.tokens().check_at_once(&token))
        });
        Ok(match entered? {
            Either::A(check) => check.and_then(|check| rows::token_check(check).told()),
            Either::B(failure) => Some(Either4::D(failure)),
        })
    }

    /// `TokenManager.checkToken`
    #[napi]
    pub fn check_token(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] token: Given<'_>,
    ) -> Begun {
        self.call(env, number, "check_token", None).submit(
            || Ok(presented(&token)?.unwrap_or_default()),
            |chat, token| chat.tokens().check_token(&token),
            rows::token_check,
        )
    }

    /// `TokenManager.listTokens`
    #[napi]
    pub fn list_tokens(&self, env: Env, number: f64) -> Begun {
        let list = |chat: &Chatkeep, ()| chat.tokens().list_tokens();
        self.call(env, number, "list_tokens", None).submit(|| Ok(()), list, rows::tokens)
    }

    /// `TokenManager.getTokenInfo`
    #[napi]
    pub fn get_token_info(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] id: Given<'_>,
    ) -> Begun {
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
        #[napi(ts_arg_type = "unknown")] token_id: Given<'_>,
    ) -> Begun {
        self.call(env, number, "revoke_token", None).submit(
            || arguments::integer("token_id", &token_id),
            |chat, id| chat.tokens().revoke_token(id),
            Answer::Yes,
        )
    }

    /// `TokenManager.deleteExpiredTokens`
    #[napi]
    pub fn delete_expired_tokens(&self, env: Env, number: f64) -> Begun {
        let delete = |chat: &Chatkeep, ()| chat.tokens().delete_expired_tokens();
        self.call(env, number, "delete_expired_tokens", None).submit(|| Ok(()), delete, count)
    }
}

fn new_token(description: &Given<'_>, expires_days: &Given<'_>) -> Taken<(String, Option<i64>)> {
    let description = match description.get_type()? {
        ValueType::Undefined => DESCRIPTION.to_owned(),
        _ => arguments::text("description", description)?,
    };
    Ok((description, arguments::optional_integer("expires_days", expires_days)?))
}

/// A token as somebody presented it. A text with a lone surrogate is one more text that cannot be a token, and the fault
/// of whoever sent it.
fn presented(token: &Given<'_>) -> Taken<Option<String>> {
    match arguments::text("token", token) {
        Err(Refusal::Input(_)) if token.get_type()? == ValueType::String => Ok(None),
        taken => taken.map(Some),
    }
}
