//! The message log.
//!
//! Each method implements the JavaScript method that its doc comment names. `number` is the number
//! that JavaScript gave the call, by which it finds the promise for the outcome.

use chatkeep::{Chatkeep, Error, FineTuningFormat, MessageFilter};
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{
    self, DEFAULT_LIMIT, DEFAULT_SEARCH_LIMIT, FilterArgs, JsArg, MessageArgs, PageArgs,
    days_or_default, fine_tuning_format, order,
};
use crate::call;
use crate::columns;
use crate::failure::Failure;
use crate::pages::MessagePages;
use crate::response::{Response, count};
use crate::rows;
use crate::store::Store;
use crate::submit::Submitted;

#[napi]
#[expect(clippy::too_many_arguments, reason = "they are options in JavaScript")]
impl Store {
    /// `MessageLogger.logMessage`. Metadata is JSON text.
    #[napi]
    pub fn log_message(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] message: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] response: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] provider: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] model: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] tokens_used: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] timestamp: JsArg<'_>,
    ) -> Submitted {
        self.call(env, number, "log_message", None).log(|| {
            arguments::new_message(&MessageArgs {
                message: &message,
                response: &response,
                provider: &provider,
                model: &model,
                tokens_used: &tokens_used,
                metadata: &metadata,
                timestamp: &timestamp,
            })
        })
    }

    /// `MessageLogger.logMessages`. `parts` are the arguments of `logMessage` for each message,
    /// concatenated.
    #[napi]
    pub fn log_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown[]")] parts: Vec<JsArg<'_>>,
    ) -> Submitted {
        self.call(env, number, "log_messages", None).submit(
            || arguments::new_messages(&parts),
            |chat, messages| chat.messages().log_messages(&messages),
            rows::ids,
        )
    }

    /// `MessageLogger.getMessages`
    #[napi]
    pub fn get_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] limit: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] offset: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] cursor: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] provider: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] model: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let pages = PageArgs { limit: &limit, offset: &offset, cursor: &cursor };
        let filter = FilterArgs {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        self.call(env, number, "get_messages", abort).submit(
            || Ok((arguments::message_filter(&filter)?, arguments::page(&pages, DEFAULT_LIMIT)?)),
            |chat, (filter, page)| chat.messages().get_messages(&filter, &page),
            columns::messages,
        )
    }

    /// `MessageLogger.cursorAfter`. The timestamp is text with microseconds.
    #[napi]
    pub fn cursor_after(
        &self,
        #[napi(ts_arg_type = "unknown")] timestamp: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] id: JsArg<'_>,
    ) -> napi::Result<Either<String, Failure>> {
        call::enter("cursor_after", || {
            Ok(arguments::cursor_after_message("message", &timestamp, &id)?.to_string())
        })
    }

    /// `MessageLogger.getMessageById`
    #[napi]
    pub fn get_message_by_id(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] id: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        self.call(env, number, "get_message_by_id", abort).submit(
            || arguments::integer("id", &id),
            |chat, id| chat.messages().get_message_by_id(id),
            columns::optional_message,
        )
    }

    /// `MessageLogger.getMessageCount`
    #[napi]
    pub fn get_message_count(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] provider: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] model: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let filter = FilterArgs {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        self.call(env, number, "get_message_count", abort).submit(
            || arguments::message_filter(&filter),
            |chat, filter| chat.messages().get_message_count(&filter),
            Response::Integer,
        )
    }

    /// `MessageLogger.iterMessages`, a page at a time.
    #[napi]
    pub fn iter_messages(
        &self,
        #[napi(ts_arg_type = "unknown")] provider: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] model: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] oldest_first: JsArg<'_>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        let filter = FilterArgs {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        call::enter("iter_messages", || {
            let (filter, order) = (arguments::message_filter(&filter)?, order(&oldest_first)?);
            let messages = self.handle().chat()?.messages().iter_messages(&filter, order);
            Ok(MessagePages::new(self.handle(), self.completions(), messages, None))
        })
    }

    /// `MessageLogger.searchMessages`
    #[napi]
    pub fn search_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] query: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] limit: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] offset: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] cursor: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let pages = PageArgs { limit: &limit, offset: &offset, cursor: &cursor };
        self.call(env, number, "search_messages", abort).submit(
            || {
                Ok((
                    arguments::text("query", &query)?,
                    arguments::page(&pages, DEFAULT_SEARCH_LIMIT)?,
                ))
            },
            |chat, (query, page)| chat.messages().search_messages(&query, &page),
            columns::messages,
        )
    }

    /// `MessageLogger.getAnalytics`
    #[napi]
    pub fn get_analytics(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] start_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let timestamp = arguments::optional_timestamp;
        self.call(env, number, "get_analytics", abort).submit(
            || Ok((timestamp("start_date", &start_date)?, timestamp("end_date", &end_date)?)),
            |chat, (start, end)| chat.messages().get_analytics(start, end),
            rows::analytics,
        )
    }

    /// `MessageLogger.countOldMessages`
    #[napi]
    pub fn count_old_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] days: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        self.call(env, number, "count_old_messages", abort).submit(
            || days_or_default(&days),
            |chat, days| chat.messages().count_old_messages(days),
            Response::Integer,
        )
    }

    /// `MessageLogger.deleteOldMessages`
    #[napi]
    pub fn delete_old_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] days: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        self.call(env, number, "delete_old_messages", abort).submit(
            || days_or_default(&days),
            |chat, days| chat.messages().delete_old_messages(days),
            count,
        )
    }

    /// `MessageLogger.exportForFineTuning`
    #[napi]
    pub fn export_for_fine_tuning(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] format: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] provider: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] model: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: JsArg<'_>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let filter = FilterArgs {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        self.call(env, number, "export_for_fine_tuning", abort).submit(
            || Ok((fine_tuning_format(&format)?, arguments::message_filter(&filter)?)),
            |chat, (format, filter)| lines(chat, format, &filter),
            Response::Text,
        )
    }

    /// `MessageLogger.exportStream`, a page at a time.
    #[napi]
    pub fn export_pages(
        &self,
        #[napi(ts_arg_type = "unknown")] format: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] provider: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] model: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: JsArg<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: JsArg<'_>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        let filter = FilterArgs {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        call::enter("export_for_fine_tuning", || {
            let (format, filter) =
                (fine_tuning_format(&format)?, arguments::message_filter(&filter)?);
            let messages = self
                .handle()
                .chat()?
                .messages()
                .iter_messages(&filter, chatkeep::Order::OldestFirst);
            Ok(MessagePages::new(self.handle(), self.completions(), messages, Some(format)))
        })
    }

    /// `MessageLogger.checkTotals`
    #[napi]
    pub fn check_totals(&self, env: Env, number: f64, abort: Option<&Abort>) -> Submitted {
        let check = |chat: &Chatkeep, ()| chat.messages().check_totals();
        self.call(env, number, "check_totals", abort).submit(|| Ok(()), check, rows::totals_check)
    }

    /// `MessageLogger.rebuildTotals`
    #[napi]
    pub fn rebuild_totals(&self, env: Env, number: f64, abort: Option<&Abort>) -> Submitted {
        let rebuild = |chat: &Chatkeep, ()| chat.messages().rebuild_totals();
        self.call(env, number, "rebuild_totals", abort).submit(
            || Ok(()),
            rebuild,
            |()| Response::Null,
        )
    }
}

/// Returns the training data as one string.
fn lines(
    chat: &Chatkeep,
    format: FineTuningFormat,
    filter: &MessageFilter,
) -> chatkeep::Result<String> {
    let mut out = Vec::new();
    chat.messages().export_for_fine_tuning(format, filter, &mut out)?;
    String::from_utf8(out).map_err(|_| Error::internal("training data is not valid UTF-8"))
}
