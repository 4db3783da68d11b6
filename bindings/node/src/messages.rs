//! The message log.

use chatkeep::{Chatkeep, Error, FineTuningFormat, MessageFilter};
use napi::{Either, Env};
use napi_derive::napi;

use crate::abort::Abort;
use crate::answer::{Answer, count};
use crate::arguments::{
    self, Conditions, Given, MESSAGES, Pages, Parts, SEARCHED, age, fine_tuning, order,
};
use crate::columns;
use crate::door;
use crate::failure::Failure;
use crate::pages::MessagePages;
use crate::rows;
use crate::store::Store;
use crate::submit::Begun;

#[napi]
#[expect(clippy::too_many_arguments, reason = "they are options in JavaScript")]
impl Store {
    /// `MessageLogger.logMessage`. Metadata is JSON text.
    #[napi]
    pub fn log_message(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] message: Given<'_>,
        #[napi(ts_arg_type = "unknown")] response: Given<'_>,
        #[napi(ts_arg_type = "unknown")] provider: Given<'_>,
        #[napi(ts_arg_type = "unknown")] model: Given<'_>,
        #[napi(ts_arg_type = "unknown")] tokens_used: Given<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: Given<'_>,
        #[napi(ts_arg_type = "unknown")] timestamp: Given<'_>,
    ) -> Begun {
        self.call(env, number, "log_message", None).log(|| {
            arguments::one(&Parts {
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

    /// `MessageLogger.logMessages`: the arguments of `logMessage` for each message, one behind the other.
    #[napi]
    pub fn log_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown[]")] parts: Vec<Given<'_>>,
    ) -> Begun {
        self.call(env, number, "log_messages", None).submit(
            || arguments::many(&parts),
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
        #[napi(ts_arg_type = "unknown")] limit: Given<'_>,
        #[napi(ts_arg_type = "unknown")] offset: Given<'_>,
        #[napi(ts_arg_type = "unknown")] cursor: Given<'_>,
        #[napi(ts_arg_type = "unknown")] provider: Given<'_>,
        #[napi(ts_arg_type = "unknown")] model: Given<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let pages = Pages { limit: &limit, offset: &offset, cursor: &cursor };
        let given = Conditions {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        self.call(env, number, "get_messages", abort).submit(
            || Ok((arguments::conditions(&given)?, arguments::page(&pages, MESSAGES)?)),
            |chat, (filter, page)| chat.messages().get_messages(&filter, &page),
            columns::messages,
        )
    }

    /// `MessageLogger.cursorAfter`: the moment is the whole one, as text.
    #[napi]
    pub fn cursor_after(
        &self,
        #[napi(ts_arg_type = "unknown")] timestamp: Given<'_>,
        #[napi(ts_arg_type = "unknown")] id: Given<'_>,
    ) -> napi::Result<Either<String, Failure>> {
        door::enter("cursor_after", || {
            Ok(arguments::cursor_behind("message", &timestamp, &id)?.to_string())
        })
    }

    /// `MessageLogger.getMessageById`
    #[napi]
    pub fn get_message_by_id(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] id: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
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
        #[napi(ts_arg_type = "unknown")] provider: Given<'_>,
        #[napi(ts_arg_type = "unknown")] model: Given<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let given = Conditions {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        self.call(env, number, "get_message_count", abort).submit(
            || arguments::conditions(&given),
            |chat, filter| chat.messages().get_message_count(&filter),
            Answer::Whole,
        )
    }

    /// `MessageLogger.iterMessages`, a page at a time.
    #[napi]
    pub fn iter_messages(
        &self,
        #[napi(ts_arg_type = "unknown")] provider: Given<'_>,
        #[napi(ts_arg_type = "unknown")] model: Given<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: Given<'_>,
        #[napi(ts_arg_type = "unknown")] oldest_first: Given<'_>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        let given = Conditions {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        door::enter("iter_messages", || {
            let (filter, order) = (arguments::conditions(&given)?, order(&oldest_first)?);
            let messages = self.handle().chat()?.messages().iter_messages(&filter, order);
            Ok(MessagePages::new(self.handle(), self.slot(), messages, None))
        })
    }

    /// `MessageLogger.searchMessages`
    #[napi]
    pub fn search_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] query: Given<'_>,
        #[napi(ts_arg_type = "unknown")] limit: Given<'_>,
        #[napi(ts_arg_type = "unknown")] offset: Given<'_>,
        #[napi(ts_arg_type = "unknown")] cursor: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let pages = Pages { limit: &limit, offset: &offset, cursor: &cursor };
        self.call(env, number, "search_messages", abort).submit(
            || Ok((arguments::text("query", &query)?, arguments::page(&pages, SEARCHED)?)),
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
        #[napi(ts_arg_type = "unknown")] start_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let moment = arguments::optional_moment;
        self.call(env, number, "get_analytics", abort).submit(
            || Ok((moment("start_date", &start_date)?, moment("end_date", &end_date)?)),
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
        #[napi(ts_arg_type = "unknown")] days: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        self.call(env, number, "count_old_messages", abort).submit(
            || age(&days),
            |chat, days| chat.messages().count_old_messages(days),
            Answer::Whole,
        )
    }

    /// `MessageLogger.deleteOldMessages`
    #[napi]
    pub fn delete_old_messages(
        &self,
        env: Env,
        number: f64,
        #[napi(ts_arg_type = "unknown")] days: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        self.call(env, number, "delete_old_messages", abort).submit(
            || age(&days),
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
        #[napi(ts_arg_type = "unknown")] format: Given<'_>,
        #[napi(ts_arg_type = "unknown")] provider: Given<'_>,
        #[napi(ts_arg_type = "unknown")] model: Given<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: Given<'_>,
        abort: Option<&Abort>,
    ) -> Begun {
        let given = Conditions {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        self.call(env, number, "export_for_fine_tuning", abort).submit(
            || Ok((fine_tuning(&format)?, arguments::conditions(&given)?)),
            |chat, (format, filter)| lines(chat, format, &filter),
            Answer::Text,
        )
    }

    /// `MessageLogger.exportStream`, a page at a time.
    #[napi]
    pub fn export_pages(
        &self,
        #[napi(ts_arg_type = "unknown")] format: Given<'_>,
        #[napi(ts_arg_type = "unknown")] provider: Given<'_>,
        #[napi(ts_arg_type = "unknown")] model: Given<'_>,
        #[napi(ts_arg_type = "unknown")] start_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] end_date: Given<'_>,
        #[napi(ts_arg_type = "unknown")] metadata: Given<'_>,
    ) -> napi::Result<Either<MessagePages, Failure>> {
        let given = Conditions {
            provider: &provider,
            model: &model,
            start_date: &start_date,
            end_date: &end_date,
            metadata: &metadata,
        };
        door::enter("export_for_fine_tuning", || {
            let (format, filter) = (fine_tuning(&format)?, arguments::conditions(&given)?);
            let messages = self
                .handle()
                .chat()?
                .messages()
                .iter_messages(&filter, chatkeep::Order::OldestFirst);
            Ok(MessagePages::new(self.handle(), self.slot(), messages, Some(format)))
        })
    }

    /// `MessageLogger.checkTotals`
    #[napi]
    pub fn check_totals(&self, env: Env, number: f64, abort: Option<&Abort>) -> Begun {
        let check = |chat: &Chatkeep, ()| chat.messages().check_totals();
        self.call(env, number, "check_totals", abort).submit(|| Ok(()), check, rows::totals_check)
    }

    /// `MessageLogger.rebuildTotals`
    #[napi]
    pub fn rebuild_totals(&self, env: Env, number: f64, abort: Option<&Abort>) -> Begun {
        let rebuild = |chat: &Chatkeep, ()| chat.messages().rebuild_totals();
        self.call(env, number, "rebuild_totals", abort).submit(
            || Ok(()),
            rebuild,
            |()| Answer::Nothing,
        )
    }
}

/// The training data as one text.
fn lines(
    chat: &Chatkeep,
    format: FineTuningFormat,
    filter: &MessageFilter,
) -> chatkeep::Result<String> {
    let mut out = Vec::new();
    chat.messages().export_for_fine_tuning(format, filter, &mut out)?;
    String::from_utf8(out).map_err(|_| Error::internal("training data that is not UTF-8"))
}
