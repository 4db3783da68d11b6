//! The class `MessageLogger`.

use chatkeep::FineTuningFormat;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arguments::{
    self, FilterArgs, MessageArgs, PAGE_SIZE, PageArgs, SEARCH_PAGE_SIZE, date_range,
    fine_tuning_format, max_age_days, order,
};
use crate::call;
use crate::message_iterator::MessageIterator;
use crate::rows;
use chatkeep::SharedHandle;

/// Logs and queries messages.
///
/// An instance is safe to use from any number of threads. A message is returned as a ``dict`` with
/// the keys ``id``, ``timestamp``, ``user_message``, ``bot_response``, ``provider``, ``model``,
/// ``tokens_used`` and ``metadata``, ready for a JSON response.
///
/// Examples:
///     >>> from chatkeep import Chatkeep
///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
///     >>> log.log_message("Explain WAL.", "Write-ahead logging.", provider="openai")
///     1
///     >>> [message["user_message"] for message in log.get_messages(provider="openai")]
///     ['Explain WAL.']
#[pyclass(frozen, weakref, module = "chatkeep")]
pub(crate) struct MessageLogger {
    handle: SharedHandle,
}

impl MessageLogger {
    pub(crate) fn from_handle(handle: &SharedHandle) -> Self {
        Self { handle: SharedHandle::clone(handle) }
    }
}

#[pymethods]
impl MessageLogger {
    /// Logs a message and returns its id, after the message is stored durably.
    ///
    /// Concurrent calls from several threads share a transaction.
    ///
    /// Args:
    ///     message (str): Message of the user.
    ///     response (str | None): Response of the model.
    ///     provider (str | None): Provider of the model, at most 50 characters.
    ///     model (str | None): Name of the model, at most 100 characters.
    ///     tokens_used (int | None): Number of tokens used. Whole numbers of other types, such as
    ///         numpy integers and 42.0, are accepted.
    ///     metadata (Mapping[str, Any] | None): Additional data: a ``dict`` that is valid as a JSON
    ///         object, nested at most 30 levels deep.
    ///     timestamp (datetime | date | str | None): Time of the message; the default is the
    ///         current time. A value without a UTC offset is UTC.
    ///
    /// Returns:
    ///     int: Id of the message.
    ///
    /// Raises:
    ///     InvalidInputError: A value is invalid; ``field`` names the argument. It is an
    ///         ``InvalidTypeError`` if the type is wrong.
    ///     OutcomeUnknownError: The connection broke before the database confirmed the write. Check
    ///         whether the message is stored before you retry.
    ///     UnavailableError: The database is not available. The message is not stored.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> noon = "2024-02-29T12:00:00+01:00"
    ///     >>> log.log_message("hello", "hi", metadata={"session": "a1"}, timestamp=noon)
    ///     1
    ///     >>> log.get_message_by_id(1)["timestamp"]
    ///     '2024-02-29T11:00:00.000000+00:00'
    #[pyo3(signature = (
        message, response=None, provider=None, model=None, tokens_used=None, metadata=None,
        timestamp=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
    fn log_message(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        response: Option<&Bound<'_, PyAny>>,
        provider: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
        tokens_used: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
        timestamp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<i64> {
        let given =
            MessageArgs { message, response, provider, model, tokens_used, metadata, timestamp };
        call::enter(
            py,
            &self.handle,
            "log_message",
            || arguments::new_message(&given),
            |chat, message| chat.messages().log_message(&message),
            |_, id| Ok(id),
        )
    }

    /// Logs several messages in one transaction: all or none.
    ///
    /// Args:
    ///     messages (Iterable[NewMessage | Message]): Messages, each a ``dict`` with the arguments
    ///         of ``log_message`` as keys, or a message returned by ``get_messages``.
    ///
    /// Returns:
    ///     list[int]: Ids of the messages, in the same order.
    ///
    /// Raises:
    ///     InvalidInputError: A message is invalid; ``field`` is its index and key, for example
    ///         ``messages[3].provider``.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> log.log_messages([{"message": "a"}, {"message": "b", "response": "c"}])
    ///     [1, 2]
    fn log_messages(&self, py: Python<'_>, messages: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
        call::enter(
            py,
            &self.handle,
            "log_messages",
            || arguments::new_messages(messages),
            |chat, messages| chat.messages().log_messages(&messages),
            |_, ids| Ok(ids),
        )
    }

    /// Returns a page of the matching messages, newest first.
    ///
    /// Args:
    ///     limit (int): Maximum number of messages to return (1 to 10,000).
    ///     offset (int): Number of messages to skip.
    ///     provider (str | None): Exact provider.
    ///     model (str | None): Exact model.
    ///     start_date (datetime | date | str | None): Earliest timestamp, inclusive. A date is
    ///         midnight UTC.
    ///     end_date (datetime | date | str | None): Latest timestamp, inclusive. A date is midnight
    ///         UTC.
    ///     metadata (MetadataFilter | None): Required metadata: keys and their values.
    ///     cursor (str | Message | None): Last message of the previous page, or its cursor from
    ///         ``cursor_after``. The page starts after it, even if messages are logged or deleted
    ///         between the calls.
    ///
    /// Returns:
    ///     list[Message]: The messages.
    ///
    /// Raises:
    ///     InvalidInputError: An argument is invalid; ``field`` names it.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> ids = log.log_messages([{"message": text} for text in "abc"])
    ///     >>> first = log.get_messages(limit=2)
    ///     >>> [message["user_message"] for message in first]
    ///     ['c', 'b']
    ///     >>> [message["user_message"] for message in log.get_messages(limit=2, cursor=first[-1])]
    ///     ['a']
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
    ) -> PyResult<Bound<'py, PyList>> {
        let paging = PageArgs { limit, offset, cursor };
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        call::enter(
            py,
            &self.handle,
            "get_messages",
            || Ok((arguments::message_filter(&filter)?, arguments::page(&paging, PAGE_SIZE)?)),
            |chat, (filter, page)| chat.messages().get_messages(&filter, &page),
            rows::messages,
        )
    }

    /// Alias of ``get_messages``.
    ///
    /// Args:
    ///     limit (int): See ``get_messages``.
    ///     offset (int): See ``get_messages``.
    ///     provider (str | None): See ``get_messages``.
    ///     model (str | None): See ``get_messages``.
    ///     start_date (datetime | date | str | None): See ``get_messages``.
    ///     end_date (datetime | date | str | None): See ``get_messages``.
    ///     metadata (MetadataFilter | None): See ``get_messages``.
    ///     cursor (str | Message | None): See ``get_messages``.
    ///
    /// Returns:
    ///     list[Message]: The messages.
    #[pyo3(
        signature = (
            limit=None, offset=None, provider=None, model=None, start_date=None, end_date=None,
            metadata=None, cursor=None
        ),
        text_signature = "($self, limit=100, offset=0, provider=None, model=None, \
            start_date=None, end_date=None, metadata=None, cursor=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
    fn retrieve_messages<'py>(
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
    ) -> PyResult<Bound<'py, PyList>> {
        self.get_messages(
            py, limit, offset, provider, model, start_date, end_date, metadata, cursor,
        )
    }

    /// Returns the cursor of the position after a message.
    ///
    /// A cursor is a string, for example for a link to the next page.
    ///
    /// Args:
    ///     message (Message): A message returned by ``get_messages``.
    ///
    /// Returns:
    ///     str: The ``cursor`` argument of ``get_messages`` for the next page.
    ///
    /// Raises:
    ///     InvalidInputError: ``message`` is not such a message.
    fn cursor_after(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<String> {
        let call = || Ok(arguments::cursor_after_message("message", message)?.to_string());
        call::enter_nonblocking(py, "cursor_after", call)
    }

    /// Returns the message with an id.
    ///
    /// Args:
    ///     id (int): Id of the message.
    ///
    /// Returns:
    ///     Message | None: The message, or ``None`` if no message has this id.
    ///
    /// Raises:
    ///     UnavailableError: The database is not available.
    fn get_message_by_id<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        call::enter(
            py,
            &self.handle,
            "get_message_by_id",
            || arguments::integer("id", id),
            |chat, id| chat.messages().get_message_by_id(id),
            rows::optional_message,
        )
    }

    /// Returns the number of matching messages.
    ///
    /// Args:
    ///     provider (str | None): Exact provider.
    ///     model (str | None): Exact model.
    ///     start_date (datetime | date | str | None): Earliest timestamp, inclusive.
    ///     end_date (datetime | date | str | None): Latest timestamp, inclusive.
    ///     metadata (MetadataFilter | None): Required metadata: keys and their values.
    ///
    /// Returns:
    ///     int: Number of messages.
    #[pyo3(signature = (provider=None, model=None, start_date=None, end_date=None, metadata=None))]
    fn get_message_count(
        &self,
        py: Python<'_>,
        provider: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
        start_date: Option<&Bound<'_, PyAny>>,
        end_date: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<i64> {
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        call::enter(
            py,
            &self.handle,
            "get_message_count",
            || arguments::message_filter(&filter),
            |chat, filter| chat.messages().get_message_count(&filter),
            |_, count| Ok(count),
        )
    }

    /// Iterates over all matching messages, with constant memory use.
    ///
    /// Messages are fetched in pages of a few hundred. A message that exists for the whole
    /// iteration is returned exactly once, even if other messages are logged or deleted.
    ///
    /// Args:
    ///     provider (str | None): Exact provider.
    ///     model (str | None): Exact model.
    ///     start_date (datetime | date | str | None): Earliest timestamp, inclusive.
    ///     end_date (datetime | date | str | None): Latest timestamp, inclusive.
    ///     metadata (MetadataFilter | None): Required metadata: keys and their values.
    ///     oldest_first (bool): Whether to return the oldest message first instead of the newest.
    ///
    /// Returns:
    ///     MessageIterator: The messages.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> ids = log.log_messages([{"message": text} for text in "abc"])
    ///     >>> [message["user_message"] for message in log.iter_messages(oldest_first=True)]
    ///     ['a', 'b', 'c']
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
    ) -> PyResult<MessageIterator> {
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        call::enter_nonblocking(py, "iter_messages", || {
            let (filter, order) = (arguments::message_filter(&filter)?, order(oldest_first)?);
            let messages = self.handle.chat()?.messages().iter_messages(&filter, order);
            Ok(MessageIterator::new(SharedHandle::clone(&self.handle), messages))
        })
    }

    /// Searches messages and responses for a text, ignoring case, and returns the newest first.
    ///
    /// Args:
    ///     query (str): Text to search for, 1 to 1,000 characters. ``%``, ``_`` and ``\`` have no
    ///         special meaning.
    ///     limit (int): Maximum number of messages to return (1 to 10,000).
    ///     offset (int): Number of messages to skip.
    ///     cursor (str | Message | None): Last message of the previous page, or its cursor; see
    ///         ``get_messages``.
    ///
    /// Returns:
    ///     list[Message]: The messages.
    ///
    /// Raises:
    ///     InvalidInputError: An argument is invalid; ``field`` names it.
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
    ) -> PyResult<Bound<'py, PyList>> {
        let paging = PageArgs { limit, offset, cursor };
        call::enter(
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

    /// Returns totals of a time range, by provider, by model and by day in UTC.
    ///
    /// Args:
    ///     start_date (datetime | date | str | None): Earliest timestamp, inclusive.
    ///     end_date (datetime | date | str | None): Latest timestamp, inclusive.
    ///
    /// Returns:
    ///     Analytics: ``total_messages``, ``total_tokens``, ``average_tokens``, ``providers``,
    ///         ``models`` and ``by_date``.
    #[pyo3(signature = (start_date=None, end_date=None))]
    fn get_analytics<'py>(
        &self,
        py: Python<'py>,
        start_date: Option<&Bound<'py, PyAny>>,
        end_date: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        call::enter(
            py,
            &self.handle,
            "get_analytics",
            || date_range(start_date, end_date),
            |chat, (start, end)| chat.messages().get_analytics(start, end),
            rows::analytics,
        )
    }

    /// Returns the number of messages that ``delete_old_messages`` would delete.
    ///
    /// Args:
    ///     days (int): See ``delete_old_messages``.
    ///
    /// Returns:
    ///     int: Number of messages.
    #[pyo3(signature = (days=None), text_signature = "($self, days=30)")]
    fn count_old_messages(&self, py: Python<'_>, days: Option<&Bound<'_, PyAny>>) -> PyResult<i64> {
        call::enter(
            py,
            &self.handle,
            "count_old_messages",
            || max_age_days(days),
            |chat, days| chat.messages().count_old_messages(days),
            |_, count| Ok(count),
        )
    }

    /// Deletes messages older than a number of days.
    ///
    /// Messages are deleted in small batches, so that other writers are not blocked.
    ///
    /// Args:
    ///     days (int): Age in days of 24 hours, 1 to 3,650,000.
    ///
    /// Returns:
    ///     int: Number of deleted messages.
    ///
    /// Raises:
    ///     InvalidInputError: ``days`` is out of range. Nothing is deleted.
    #[pyo3(signature = (days=None), text_signature = "($self, days=30)")]
    fn delete_old_messages(
        &self,
        py: Python<'_>,
        days: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        call::enter(
            py,
            &self.handle,
            "delete_old_messages",
            || max_age_days(days),
            |chat, days| chat.messages().delete_old_messages(days),
            |_, count| Ok(count),
        )
    }

    /// Exports matching messages that have a response as fine-tuning data, oldest first.
    ///
    /// Args:
    ///     format (str): ``jsonl`` (the OpenAI format), ``alpaca`` or ``sharegpt``.
    ///     provider (str | None): Exact provider.
    ///     model (str | None): Exact model.
    ///     start_date (datetime | date | str | None): Earliest timestamp, inclusive.
    ///     end_date (datetime | date | str | None): Latest timestamp, inclusive.
    ///     metadata (MetadataFilter | None): Required metadata: keys and their values.
    ///
    /// Returns:
    ///     str: JSON Lines, one object per message.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> message_id = log.log_message("q", "a")
    ///     >>> log.export_for_fine_tuning("alpaca")
    ///     '{"input":"","instruction":"q","output":"a"}\n'
    #[pyo3(
        signature = (
            format=None, provider=None, model=None, start_date=None, end_date=None, metadata=None
        ),
        text_signature = "($self, format='jsonl', provider=None, model=None, start_date=None, \
            end_date=None, metadata=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
    fn export_for_fine_tuning(
        &self,
        py: Python<'_>,
        format: Option<&Bound<'_, PyAny>>,
        provider: Option<&Bound<'_, PyAny>>,
        model: Option<&Bound<'_, PyAny>>,
        start_date: Option<&Bound<'_, PyAny>>,
        end_date: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let filter = FilterArgs { provider, model, start_date, end_date, metadata };
        call::enter(
            py,
            &self.handle,
            "export_for_fine_tuning",
            || Ok((fine_tuning_format(format)?, arguments::message_filter(&filter)?)),
            |chat, (format, filter)| fine_tuning_data(chat, format, &filter),
            |_, data| Ok(data),
        )
    }

    /// Recounts all messages and compares the result with the totals that ``get_analytics`` reads.
    ///
    /// The check does not change the totals.
    ///
    /// Returns:
    ///     TotalsCheck: ``counted``, the number of messages that should be in the totals;
    ///         ``uncounted``, the number not counted yet; and ``differences``, which is empty if
    ///         all totals are correct.
    fn check_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        call::enter(
            py,
            &self.handle,
            "check_totals",
            || Ok(()),
            |chat, ()| chat.messages().check_totals(),
            rows::totals_check,
        )
    }

    /// Discards the totals and recounts all messages.
    ///
    /// This is needed after another program changed or deleted rows.
    fn rebuild_totals(&self, py: Python<'_>) -> PyResult<()> {
        let rebuild = |chat: &chatkeep::Chatkeep, ()| chat.messages().rebuild_totals();
        call::enter(py, &self.handle, "rebuild_totals", || Ok(()), rebuild, |_, ()| Ok(()))
    }

    /// Waits for all earlier asynchronous calls, and for pending updates of token last-use times.
    ///
    /// A message is already stored when ``log_message`` returns.
    ///
    /// Args:
    ///     timeout (float): Maximum wait, in seconds.
    ///
    /// Raises:
    ///     UnavailableError: The timeout expired. Unfinished operations continue.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn flush(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        crate::store::flush(py, &self.handle, timeout)
    }

    fn __repr__(&self) -> String {
        crate::store::repr(&self.handle, "chatkeep.MessageLogger")
    }
}

/// Returns the fine-tuning data as one string.
pub(crate) fn fine_tuning_data(
    chat: &chatkeep::Chatkeep,
    format: FineTuningFormat,
    filter: &chatkeep::MessageFilter,
) -> chatkeep::Result<String> {
    let mut out = Vec::new();
    chat.messages().export_for_fine_tuning(format, filter, &mut out)?;
    String::from_utf8(out)
        .map_err(|_| chatkeep::Error::internal("fine-tuning data is not valid UTF-8"))
}
