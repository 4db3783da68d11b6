//! The class `AsyncMessageLogger`.

use pyo3::prelude::*;

use super::mailbox::Mailbox;
use super::message_pages::AsyncMessagePages;
use super::submit::{plain, submit};
use crate::arguments::{
    self, FilterArgs, MessageArgs, PAGE_SIZE, PageArgs, SEARCH_PAGE_SIZE, date_range,
    fine_tuning_format, max_age_days, order,
};
use crate::call;
use crate::errors::to_py_err;
use crate::messages::fine_tuning_data;
use crate::rows;
use crate::store::Chatkeep;
use chatkeep::SharedHandle;

/// The methods of ``MessageLogger``, as futures of the running event loop.
///
/// Args:
///     chat (Chatkeep): Store to use.
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

    /// Returns a future of ``MessageLogger.log_message``.
    #[pyo3(signature = (
        message, response=None, provider=None, model=None, tokens_used=None, metadata=None,
        timestamp=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
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
        let given =
            MessageArgs { message, response, provider, model, tokens_used, metadata, timestamp };
        let (chat, message) = call::enter_nonblocking(py, "log_message", || {
            let message = arguments::new_message(&given)?;
            Ok((self.handle.chat()?, message))
        })?;
        let pending = Mailbox::new_future(py)?;
        // This never blocks: if the write queue is full, the message waits instead of the caller.
        match chat.messages().submit(message, pending.queue(), pending.number) {
            Ok(()) => Ok(pending.future),
            Err(error) => {
                pending.discard();
                Err(to_py_err(py, &error))
            }
        }
    }

    /// Returns a future of ``MessageLogger.log_messages``.
    fn log_messages<'py>(
        &self,
        py: Python<'py>,
        messages: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        submit(
            py,
            &self.handle,
            "log_messages",
            || arguments::new_messages(messages),
            |chat, messages| chat.messages().log_messages(&messages),
            |py, value| plain(py, value),
        )
    }

    /// Returns a future of ``MessageLogger.get_messages``.
    #[pyo3(
        signature = (
            limit=None, offset=None, provider=None, model=None, start_date=None, end_date=None,
            metadata=None, cursor=None
        ),
        text_signature = "($self, limit=100, offset=0, provider=None, model=None, \
            start_date=None, end_date=None, metadata=None, cursor=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
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
        let paging = PageArgs { limit, offset, cursor };
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        submit(
            py,
            &self.handle,
            "get_messages",
            || Ok((arguments::message_filter(&filter)?, arguments::page(&paging, PAGE_SIZE)?)),
            |chat, (filter, page)| chat.messages().get_messages(&filter, &page),
            rows::messages,
        )
    }

    /// Returns a future of ``MessageLogger.get_message_by_id``.
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

    /// Returns a future of ``MessageLogger.get_message_count``.
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
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        submit(
            py,
            &self.handle,
            "get_message_count",
            || arguments::message_filter(&filter),
            |chat, filter| chat.messages().get_message_count(&filter),
            |py, value| plain(py, value),
        )
    }

    /// Returns the messages of ``MessageLogger.iter_messages`` in pages.
    ///
    /// Args:
    ///     provider (str | None): See ``MessageLogger.iter_messages``.
    ///     model (str | None): See ``MessageLogger.iter_messages``.
    ///     start_date (datetime | date | str | None): See ``MessageLogger.iter_messages``.
    ///     end_date (datetime | date | str | None): See ``MessageLogger.iter_messages``.
    ///     metadata (MetadataFilter | None): See ``MessageLogger.iter_messages``.
    ///     oldest_first (bool): See ``MessageLogger.iter_messages``.
    ///
    /// Returns:
    ///     AsyncMessagePages: The pages.
    #[pyo3(
        signature = (
            provider=None, model=None, start_date=None, end_date=None, metadata=None, *,
            oldest_first=None
        ),
        text_signature = "($self, provider=None, model=None, start_date=None, end_date=None, \
            metadata=None, *, oldest_first=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
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
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        call::enter_nonblocking(py, "iter_messages", || {
            let (filter, order) = (arguments::message_filter(&filter)?, order(oldest_first)?);
            let messages = self.handle.chat()?.messages().iter_messages(&filter, order);
            Ok(AsyncMessagePages::new(SharedHandle::clone(&self.handle), messages))
        })
    }

    /// Returns a future of ``MessageLogger.search_messages``.
    #[pyo3(
        signature = (query, limit=None, offset=None, cursor=None),
        text_signature = "($self, query, limit=50, offset=0, cursor=None)"
    )]
    fn search_messages<'py>(
        &self,
        py: Python<'py>,
        query: &Bound<'py, PyAny>,
        limit: Option<&Bound<'py, PyAny>>,
        offset: Option<&Bound<'py, PyAny>>,
        cursor: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let paging = PageArgs { limit, offset, cursor };
        submit(
            py,
            &self.handle,
            "search_messages",
            || {
                Ok((
                    arguments::text("query", query)?.to_owned(),
                    arguments::page(&paging, SEARCH_PAGE_SIZE)?,
                ))
            },
            |chat, (query, page)| chat.messages().search_messages(&query, &page),
            rows::messages,
        )
    }

    /// Returns a future of ``MessageLogger.get_analytics``.
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
            || date_range(start_date, end_date),
            |chat, (start, end)| chat.messages().get_analytics(start, end),
            rows::analytics,
        )
    }

    /// Returns a future of ``MessageLogger.count_old_messages``.
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
            || max_age_days(days),
            count,
            |py, value| plain(py, value),
        )
    }

    /// Returns a future of ``MessageLogger.delete_old_messages``.
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
            || max_age_days(days),
            delete,
            |py, value| plain(py, value),
        )
    }

    /// Returns a future of ``MessageLogger.export_for_fine_tuning``.
    #[pyo3(
        signature = (
            format=None, provider=None, model=None, start_date=None, end_date=None, metadata=None
        ),
        text_signature = "($self, format='jsonl', provider=None, model=None, start_date=None, \
            end_date=None, metadata=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
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
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        submit(
            py,
            &self.handle,
            "export_for_fine_tuning",
            || Ok((fine_tuning_format(format)?, arguments::message_filter(&filter)?)),
            |chat, (format, filter)| fine_tuning_data(chat, format, &filter),
            |py, value| plain(py, value),
        )
    }

    /// Returns a future of ``MessageLogger.check_totals``.
    fn check_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let check = |chat: &chatkeep::Chatkeep, ()| chat.messages().check_totals();
        submit(py, &self.handle, "check_totals", || Ok(()), check, rows::totals_check)
    }

    /// Returns a future of ``MessageLogger.rebuild_totals``.
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
