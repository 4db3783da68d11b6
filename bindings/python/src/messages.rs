//! The class `MessageLogger`.

use chatkeep::FineTuningFormat;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arguments::{
    self, Conditions, MESSAGES, Pages, Parts, SEARCHED, age, fine_tuning, order, span,
};
use crate::door;
use crate::message_iterator::MessageIterator;
use crate::rows;
use chatkeep::SharedHandle;

/// Logs messages, and answers questions about them. One object serves any number of threads.
///
/// Messages come back as a ``dict`` with the keys ``id``, ``timestamp``, ``user_message``, ``bot_response``,
/// ``provider``, ``model``, ``tokens_used`` and ``metadata``, ready for a JSON response.
///
/// Examples:
///     >>> from chatkeep import Chatkeep
///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
///     >>> log.log_message("What is WAL?", "Write-ahead logging.", provider="openai", tokens_used=42)
///     1
///     >>> [message["user_message"] for message in log.get_messages(provider="openai")]
///     ['What is WAL?']
#[pyclass(frozen, weakref, module = "chatkeep")]
pub(crate) struct MessageLogger {
    handle: SharedHandle,
}

impl MessageLogger {
    pub(crate) fn of(handle: &SharedHandle) -> Self {
        Self { handle: SharedHandle::clone(handle) }
    }
}

#[pymethods]
impl MessageLogger {
    /// Logs a message. Calls from several threads at the same time share a transaction.
    ///
    /// Args:
    ///     message (str): What the person said.
    ///     response (str | None): What was answered, if anything.
    ///     provider (str | None): Who answered, in at most 50 characters.
    ///     model (str | None): The model that answered, in at most 100 characters.
    ///     tokens_used (int | None): Tokens that the exchange used. Any whole number is taken: numpy's, and 42.0.
    ///     metadata (Mapping[str, Any] | None): Anything else: a ``dict`` that can be a JSON object of at most 30 levels.
    ///     timestamp (datetime | date | str | None): When it happened; now, when it is not given. Without an offset it
    ///         is UTC.
    ///
    /// Returns:
    ///     int: The id, once the message is stored for good.
    ///
    /// Raises:
    ///     InvalidInputError: A value cannot be stored; ``field`` names it. ``InvalidTypeError`` when its type is wrong.
    ///     OutcomeUnknownError: The connection broke before the database confirmed: look before you try again.
    ///     UnavailableError: The database does not answer; nothing is stored.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> log.log_message("hello", "hi", metadata={"session": "a1"}, timestamp="2024-02-29T12:00:00+01:00")
    ///     1
    ///     >>> log.get_message_by_id(1)["timestamp"]
    ///     '2024-02-29T11:00:00.000000+00:00'
    #[pyo3(signature = (message, response=None, provider=None, model=None, tokens_used=None, metadata=None, timestamp=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
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
        let parts = Parts { message, response, provider, model, tokens_used, metadata, timestamp };
        door::enter(
            py,
            &self.handle,
            "log_message",
            || arguments::one(&parts),
            |chat, message| chat.messages().log_message(&message),
            |_, id| Ok(id),
        )
    }

    /// Logs all these messages or none.
    ///
    /// Args:
    ///     messages (Iterable[NewMessage | Message]): A ``dict`` for each, with the names of ``log_message``'s arguments as
    ///         keys, or as ``get_messages`` returns it.
    ///
    /// Returns:
    ///     list[int]: The ids, in the same order.
    ///
    /// Raises:
    ///     InvalidInputError: One of them cannot be stored; ``field`` is its place and key, as ``messages[3].provider``.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> log.log_messages([{"message": "a"}, {"message": "b", "response": "c"}])
    ///     [1, 2]
    fn log_messages(&self, py: Python<'_>, messages: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
        door::enter(
            py,
            &self.handle,
            "log_messages",
            || arguments::many(messages),
            |chat, messages| chat.messages().log_messages(&messages),
            |_, ids| Ok(ids),
        )
    }

    /// A page of the messages that match, newest first.
    ///
    /// Args:
    ///     limit (int): At most so many, 1 to 10,000.
    ///     offset (int): So many are passed over first.
    ///     provider (str | None): Exactly this provider.
    ///     model (str | None): Exactly this model.
    ///     start_date (datetime | date | str | None): At this moment or later. A date is its midnight in UTC.
    ///     end_date (datetime | date | str | None): At this moment or earlier. A date is its midnight in UTC.
    ///     metadata (Mapping[str, str | int | float | bool | None] | None): Each of these keys is there, with this value.
    ///     cursor (str | Message | None): Go on behind this message, or behind this place (``cursor_after``), whatever is
    ///         logged or deleted meanwhile.
    ///
    /// Returns:
    ///     list[Message]: The messages.
    ///
    /// Raises:
    ///     InvalidInputError: An argument cannot be; ``field`` names it.
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
    ) -> PyResult<Bound<'py, PyList>> {
        let pages = Pages { limit, offset, cursor };
        let given = Conditions { provider, model, start_date, end_date, metadata };
        door::enter(
            py,
            &self.handle,
            "get_messages",
            || Ok((arguments::conditions(&given)?, arguments::page(&pages, MESSAGES)?)),
            |chat, (filter, page)| chat.messages().get_messages(&filter, &page),
            rows::messages,
        )
    }

    /// Another name for ``get_messages``.
    ///
    /// Args:
    ///     limit (int): See there.
    ///     offset (int): See there.
    ///     provider (str | None): See there.
    ///     model (str | None): See there.
    ///     start_date (datetime | date | str | None): See there.
    ///     end_date (datetime | date | str | None): See there.
    ///     metadata (Mapping[str, str | int | float | bool | None] | None): See there.
    ///     cursor (str | Message | None): See there.
    ///
    /// Returns:
    ///     list[Message]: The messages.
    #[pyo3(
        signature = (limit=None, offset=None, provider=None, model=None, start_date=None, end_date=None, metadata=None, cursor=None),
        text_signature = "($self, limit=100, offset=0, provider=None, model=None, start_date=None, end_date=None, metadata=None, cursor=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
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

    /// The place behind a message, as a text that can be given to others, for example in a link to the next page.
    ///
    /// Args:
    ///     message (Message): A message as ``get_messages`` returns it.
    ///
    /// Returns:
    ///     str: What ``get_messages`` takes as ``cursor``.
    ///
    /// Raises:
    ///     InvalidInputError: That is no such message.
    fn cursor_after(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<String> {
        let call = || Ok(arguments::cursor_behind("message", message)?.to_string());
        door::enter_at_once(py, "cursor_after", call)
    }

    /// The message with this id.
    ///
    /// Args:
    ///     id (int): The message's id.
    ///
    /// Returns:
    ///     Message | None: The message, or ``None`` when there is none. A database that does not answer raises.
    ///
    /// Raises:
    ///     UnavailableError: The database does not answer.
    fn get_message_by_id<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        door::enter(
            py,
            &self.handle,
            "get_message_by_id",
            || arguments::integer("id", id),
            |chat, id| chat.messages().get_message_by_id(id),
            rows::optional_message,
        )
    }

    /// How many messages match.
    ///
    /// Args:
    ///     provider (str | None): Exactly this provider.
    ///     model (str | None): Exactly this model.
    ///     start_date (datetime | date | str | None): At this moment or later.
    ///     end_date (datetime | date | str | None): At this moment or earlier.
    ///     metadata (Mapping[str, str | int | float | bool | None] | None): Each of these keys is there, with this value.
    ///
    /// Returns:
    ///     int: The number.
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
        let given = Conditions { provider, model, start_date, end_date, metadata };
        door::enter(
            py,
            &self.handle,
            "get_message_count",
            || arguments::conditions(&given),
            |chat, filter| chat.messages().get_message_count(&filter),
            |_, count| Ok(count),
        )
    }

    /// All messages that match, one by one and in flat memory.
    ///
    /// They are fetched some hundred at a time; each message that is there all the while comes exactly once, whatever is
    /// logged or deleted meanwhile.
    ///
    /// Args:
    ///     provider (str | None): Exactly this provider.
    ///     model (str | None): Exactly this model.
    ///     start_date (datetime | date | str | None): At this moment or later.
    ///     end_date (datetime | date | str | None): At this moment or earlier.
    ///     metadata (Mapping[str, str | int | float | bool | None] | None): Each of these keys is there, with this value.
    ///     oldest_first (bool): In the order of time; otherwise the newest comes first.
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
    ) -> PyResult<MessageIterator> {
        let given = Conditions { provider, model, start_date, end_date, metadata };
        door::enter_at_once(py, "iter_messages", || {
            let (filter, order) = (arguments::conditions(&given)?, order(oldest_first)?);
            let messages = self.handle.chat()?.messages().iter_messages(&filter, order);
            Ok(MessageIterator::new(SharedHandle::clone(&self.handle), messages))
        })
    }

    /// Messages whose text or answer contains this text, upper and lower case alike, newest first.
    ///
    /// Args:
    ///     query (str): 1 to 1,000 characters. ``%``, ``_`` and ``\\`` are plain characters.
    ///     limit (int): At most so many, 1 to 10,000.
    ///     offset (int): So many are passed over first.
    ///     cursor (str | Message | None): Go on behind this message or place; see ``get_messages``.
    ///
    /// Returns:
    ///     list[Message]: The messages.
    ///
    /// Raises:
    ///     InvalidInputError: An argument cannot be; ``field`` names it.
    #[pyo3(signature = (query, limit=None, offset=None, cursor=None), text_signature = "($self, query, limit=50, offset=0, cursor=None)")]
    fn search_messages<'py>(
        &self,
        py: Python<'py>,
        query: &Bound<'py, PyAny>,
        limit: Option<&Bound<'py, PyAny>>,
        offset: Option<&Bound<'py, PyAny>>,
        cursor: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let pages = Pages { limit, offset, cursor };
        door::enter(
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

    /// Totals by provider, model and day in UTC, over the messages from the start to the end, both included.
    ///
    /// Args:
    ///     start_date (datetime | date | str | None): The start.
    ///     end_date (datetime | date | str | None): The end.
    ///
    /// Returns:
    ///     Analytics: ``total_messages``, ``total_tokens``, ``average_tokens``, ``providers``, ``models``, ``by_date``.
    #[pyo3(signature = (start_date=None, end_date=None))]
    fn get_analytics<'py>(
        &self,
        py: Python<'py>,
        start_date: Option<&Bound<'py, PyAny>>,
        end_date: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        door::enter(
            py,
            &self.handle,
            "get_analytics",
            || span(start_date, end_date),
            |chat, (start, end)| chat.messages().get_analytics(start, end),
            rows::analytics,
        )
    }

    /// How many messages ``delete_old_messages`` would delete.
    ///
    /// Args:
    ///     days (int): See there.
    ///
    /// Returns:
    ///     int: The number.
    #[pyo3(signature = (days=None), text_signature = "($self, days=30)")]
    fn count_old_messages(&self, py: Python<'_>, days: Option<&Bound<'_, PyAny>>) -> PyResult<i64> {
        door::enter(
            py,
            &self.handle,
            "count_old_messages",
            || age(days),
            |chat, days| chat.messages().count_old_messages(days),
            |_, count| Ok(count),
        )
    }

    /// Deletes the messages that are older than so many days of 24 hours, in small batches that others can write between.
    ///
    /// Args:
    ///     days (int): 1 or more.
    ///
    /// Returns:
    ///     int: How many were deleted.
    ///
    /// Raises:
    ///     InvalidInputError: ``days`` is not 1 to 3,650,000. Nothing is deleted.
    #[pyo3(signature = (days=None), text_signature = "($self, days=30)")]
    fn delete_old_messages(
        &self,
        py: Python<'_>,
        days: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        door::enter(
            py,
            &self.handle,
            "delete_old_messages",
            || age(days),
            |chat, days| chat.messages().delete_old_messages(days),
            |_, count| Ok(count),
        )
    }

    /// The messages that match and have an answer, oldest first, as JSON Lines that models are trained with.
    ///
    /// Args:
    ///     format (str): ``jsonl`` (as OpenAI takes it), ``alpaca`` or ``sharegpt``.
    ///     provider (str | None): Exactly this provider.
    ///     model (str | None): Exactly this model.
    ///     start_date (datetime | date | str | None): At this moment or later.
    ///     end_date (datetime | date | str | None): At this moment or earlier.
    ///     metadata (Mapping[str, str | int | float | bool | None] | None): Each of these keys is there, with this value.
    ///
    /// Returns:
    ///     str: One object a line.
    ///
    /// Examples:
    ///     >>> from chatkeep import Chatkeep
    ///     >>> log = Chatkeep("sqlite:///:memory:").message_logger
    ///     >>> message_id = log.log_message("q", "a")
    ///     >>> log.export_for_fine_tuning("alpaca")
    ///     '{"input":"","instruction":"q","output":"a"}\n'
    #[pyo3(signature = (format=None, provider=None, model=None, start_date=None, end_date=None, metadata=None),
        text_signature = "($self, format='jsonl', provider=None, model=None, start_date=None, end_date=None, metadata=None)")]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
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
        let given = Conditions { provider, model, start_date, end_date, metadata };
        door::enter(
            py,
            &self.handle,
            "export_for_fine_tuning",
            || Ok((fine_tuning(format)?, arguments::conditions(&given)?)),
            |chat, (format, filter)| lines(chat, format, &filter),
            |_, lines| Ok(lines),
        )
    }

    /// Adds all messages up anew, and compares the result with the totals that ``get_analytics`` reads. Nothing changes.
    ///
    /// Returns:
    ///     TotalsCheck: ``counted``, ``uncounted``, and ``differences``, which is empty when all is well.
    fn check_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        door::enter(
            py,
            &self.handle,
            "check_totals",
            || Ok(()),
            |chat, ()| chat.messages().check_totals(),
            rows::totals_check,
        )
    }

    /// Forgets the totals, and counts all messages anew: after other programs changed or deleted rows.
    fn rebuild_totals(&self, py: Python<'_>) -> PyResult<()> {
        let rebuild = |chat: &chatkeep::Chatkeep, ()| chat.messages().rebuild_totals();
        door::enter(py, &self.handle, "rebuild_totals", || Ok(()), rebuild, |_, ()| Ok(()))
    }

    /// Waits until everything that was handed in before has ended: asynchronous calls, and the noting of when tokens
    /// were used. ``log_message`` has ended when it returns.
    ///
    /// Args:
    ///     timeout (float): Seconds.
    ///
    /// Raises:
    ///     UnavailableError: It takes longer. What has not ended goes on.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=30.0)")]
    fn flush(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        crate::store::flush(py, &self.handle, timeout)
    }

    fn __repr__(&self) -> String {
        crate::store::shown(&self.handle, "chatkeep.MessageLogger")
    }
}

/// The training data as one text.
pub(crate) fn lines(
    chat: &chatkeep::Chatkeep,
    format: FineTuningFormat,
    filter: &chatkeep::MessageFilter,
) -> chatkeep::Result<String> {
    let mut out = Vec::new();
    chat.messages().export_for_fine_tuning(format, filter, &mut out)?;
    String::from_utf8(out).map_err(|_| chatkeep::Error::internal("training data that is not UTF-8"))
}
