//! The message log.

use pyo3::prelude::*;

use super::mailbox::Mailbox;
use super::message_pages::AsyncMessagePages;
use super::submit::{plain, submit};
use crate::arguments::{
    self, Conditions, MESSAGES, Pages, Parts, SEARCHED, age, fine_tuning, order, span,
};
use crate::door;
use crate::errors::raise;
use crate::messages::lines;
use crate::rows;
use crate::store::Chatkeep;
use chatkeep::SharedHandle;

/// The calls of a ``MessageLogger`` as futures of the running loop.
///
/// Args:
///     chat (Chatkeep): The store.
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct AsyncMessageLogger {
    handle: SharedHandle,
}

#[pymethods]
impl AsyncMessageLogger {
    #[new]
    fn new(chat: &Bound<'_, Chatkeep>) -> Self {
        Self { handle: chat.get().handle() }
    }

    /// ``MessageLogger.log_message`` as a future.
    #[pyo3(signature = (message, response=None, provider=None, model=None, tokens_used=None, metadata=None, timestamp=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn log_message<'py>(
        &self,
        py: Python<'py>,
        message: &Bound<'py, PyAny>,
        response: Option<&Bound<'py, PyAny>>,
        provider: Option<&Bound<'py, PyAny>>,
        model: Option<&Bound<'py, PyAny>>,
        tokens_used: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parts = Parts { message, response, provider, model, tokens_used, metadata, timestamp };
        let (chat, message) = door::enter_at_once(py, "log_message", || {
            let message = arguments::one(&parts)?;
            Ok((self.handle.chat()?, message))
        })?;
        let promise = Mailbox::expect(py)?;
        // It never waits: where there is no room in the queue, the message waits for it by itself.
        match chat.messages().hand_in(message, promise.slot(), promise.number) {
            Ok(()) => Ok(promise.future),
            Err(error) => {
                promise.forget();
                Err(raise(py, &error))
            }
        }
    }

    /// ``MessageLogger.log_messages`` as a future.
    fn log_messages<'py>(
        &self,
        py: Python<'py>,
        messages: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "log_messages",
            || arguments::many(messages),
            |chat, messages| chat.messages().log_messages(&messages),
            |py, value| plain(py, value),
        )
    }

    /// ``MessageLogger.get_messages`` as a future.
    #[pyo3(
        signature = (limit=None, offset=None, provider=None, model=None, start_date=None, end_date=None, metadata=None, cursor=None),
        text_signature = "($self, limit=100, offset=0, provider=None, model=None, start_date=None, end_date=None, metadata=None, cursor=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn get_messages<'py>(
        &self,
        py: Python<'py>,
        limit: Option<&Bound<'py, PyAny>>,
        offset: Option<&Bound<'py, PyAny>>,
        provider: Option<&Bound<'py, PyAny>>,
        model: Option<&Bound<'py, PyAny>>,
        start_date: Option<&Bound<'py, PyAny>>,
        end_date: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
        cursor: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let pages = Pages { limit, offset, cursor };
        let given = Conditions { provider, model, start_date, end_date, metadata };
        submit(
            py,
            &self.handle,
            "get_messages",
            || Ok((arguments::conditions(&given)?, arguments::page(&pages, MESSAGES)?)),
            |chat, (filter, page)| chat.messages().get_messages(&filter, &page),
            rows::messages,
        )
    }

    /// ``MessageLogger.get_message_by_id`` as a future.
    fn get_message_by_id<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "get_message_by_id",
            || arguments::integer("id", id),
            |chat, id| chat.messages().get_message_by_id(id),
            |py, found| plain(py, rows::optional_message(py, found)?),
        )
    }

    /// ``MessageLogger.get_message_count`` as a future.
    #[pyo3(signature = (provider=None, model=None, start_date=None, end_date=None, metadata=None))]
    fn get_message_count<'py>(
        &self,
        py: Python<'py>,
        provider: Option<&Bound<'py, PyAny>>,
        model: Option<&Bound<'py, PyAny>>,
        start_date: Option<&Bound<'py, PyAny>>,
        end_date: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = Conditions { provider, model, start_date, end_date, metadata };
        submit(
            py,
            &self.handle,
            "get_message_count",
            || arguments::conditions(&given),
            |chat, filter| chat.messages().get_message_count(&filter),
            |py, value| plain(py, value),
        )
    }

    /// ``MessageLogger.iter_messages``, a page at a time.
    ///
    /// Args:
    ///     provider (str | None): See there.
    ///     model (str | None): See there.
    ///     start_date (datetime | date | str | None): See there.
    ///     end_date (datetime | date | str | None): See there.
    ///     metadata (Mapping[str, str | int | float | bool | None] | None): See there.
    ///     oldest_first (bool): See there.
    ///
    /// Returns:
    ///     AsyncMessagePages: The pages.
    #[pyo3(signature = (provider=None, model=None, start_date=None, end_date=None, metadata=None, *, oldest_first=None),
        text_signature = "($self, provider=None, model=None, start_date=None, end_date=None, metadata=None, *, oldest_first=False)")]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn iter_messages(
        &self,
        py: Python<'_>,
        provider: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
        start_date: Option<&Bound<'_, PyAny>>,
        end_date: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
        oldest_first: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<AsyncMessagePages> {
        let given = Conditions { provider, model, start_date, end_date, metadata };
        door::enter_at_once(py, "iter_messages", || {
            let (filter, order) = (arguments::conditions(&given)?, order(oldest_first)?);
            let messages = self.handle.chat()?.messages().iter_messages(&filter, order);
            Ok(AsyncMessagePages::new(SharedHandle::clone(&self.handle), messages))
        })
    }

    /// ``MessageLogger.search_messages`` as a future.
    #[pyo3(signature = (query, limit=None, offset=None, cursor=None), text_signature = "($self, query, limit=50, offset=0, cursor=None)")]
    fn search_messages<'py>(
        &self,
        py: Python<'py>,
        query: &Bound<'py, PyAny>,
        limit: Option<&Bound<'py, PyAny>>,
        offset: Option<&Bound<'py, PyAny>>,
        cursor: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let pages = Pages { limit, offset, cursor };
        submit(
            py,
            &self.handle,
            "search_messages",
            || {
                Ok((
                    arguments::text("query", query)?.to_owned(),
                    arguments::page(&pages, SEARCHED)?,
                ))
            },
            |chat, (query, page)| chat.messages().search_messages(&query, &page),
            rows::messages,
        )
    }

    /// ``MessageLogger.get_analytics`` as a future.
    #[pyo3(signature = (start_date=None, end_date=None))]
    fn get_analytics<'py>(
        &self,
        py: Python<'py>,
        start_date: Option<&Bound<'py, PyAny>>,
        end_date: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "get_analytics",
            || span(start_date, end_date),
            |chat, (start, end)| chat.messages().get_analytics(start, end),
            rows::analytics,
        )
    }

    /// ``MessageLogger.count_old_messages`` as a future.
    #[pyo3(signature = (days=None), text_signature = "($self, days=30)")]
    fn count_old_messages<'py>(
        &self,
        py: Python<'py>,
        days: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let count = |chat: &chatkeep::Chatkeep, days| chat.messages().count_old_messages(days);
        submit(
            py,
            &self.handle,
            "count_old_messages",
            || age(days),
            count,
            |py, value| plain(py, value),
        )
    }

    /// ``MessageLogger.delete_old_messages`` as a future.
    #[pyo3(signature = (days=None), text_signature = "($self, days=30)")]
    fn delete_old_messages<'py>(
        &self,
        py: Python<'py>,
        days: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let delete = |chat: &chatkeep::Chatkeep, days| chat.messages().delete_old_messages(days);
        submit(
            py,
            &self.handle,
            "delete_old_messages",
            || age(days),
            delete,
            |py, value| plain(py, value),
        )
    }

    /// ``MessageLogger.export_for_fine_tuning`` as a future.
    #[pyo3(signature = (format=None, provider=None, model=None, start_date=None, end_date=None, metadata=None),
        text_signature = "($self, format='jsonl', provider=None, model=None, start_date=None, end_date=None, metadata=None)")]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn export_for_fine_tuning<'py>(
        &self,
        py: Python<'py>,
        format: Option<&Bound<'py, PyAny>>,
        provider: Option<&Bound<'py, PyAny>>,
        model: Option<&Bound<'py, PyAny>>,
        start_date: Option<&Bound<'py, PyAny>>,
        end_date: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = Conditions { provider, model, start_date, end_date, metadata };
        submit(
            py,
            &self.handle,
            "export_for_fine_tuning",
            || Ok((fine_tuning(format)?, arguments::conditions(&given)?)),
            |chat, (format, filter)| lines(chat, format, &filter),
            |py, value| plain(py, value),
        )
    }

    /// ``MessageLogger.check_totals`` as a future.
    fn check_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.messages().check_totals();
        submit(py, &self.handle, "check_totals", || Ok(()), check, rows::totals_check)
    }

    /// ``MessageLogger.rebuild_totals`` as a future.
    fn rebuild_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rebuild = |chat: &chatkeep::Chatkeep, ()| chat.messages().rebuild_totals();
        submit(
            py,
            &self.handle,
            "rebuild_totals",
            || Ok(()),
            rebuild,
            |py, ()| plain(py, py.None()),
        )
    }
}
