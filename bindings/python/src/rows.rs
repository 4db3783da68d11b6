//! From chatkeep's values to `dict`s, in one pass and with keys that are made once. They go straight into a JSON response:
//! moments are texts in ISO 8601 with an offset.

use std::fmt::Write as _;

use chatkeep::{
    Analytics, CreatedToken, Message, Sums, Timestamp, TokenCheck, TokenInfo, TotalsCheck,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use crate::json;

/// Sets keys of a `dict`, in their order.
macro_rules! entries {
    ($py:ident, $dict:expr, { $($key:literal: $value:expr),+ $(,)? }) => {
        $($dict.set_item(intern!($py, $key), $value)?;)+
    };
}

fn moment<'py>(py: Python<'py>, moment: Timestamp) -> Bound<'py, PyString> {
    // All of them have this length; a text that grows is allocated twice.
    let mut text = String::with_capacity(32);
    // A String takes whatever is written.
    let _ = write!(text, "{moment}");
    PyString::new(py, &text)
}

fn optional_moment<'py>(py: Python<'py>, given: Option<Timestamp>) -> Option<Bound<'py, PyString>> {
    given.map(|given| moment(py, given))
}

/// Makes the `dict`s of messages.
struct MessageRows<'py> {
    py: Python<'py>,
    /// What is written over in a copy of it: a `dict` of this size that grows key by key is laid out anew on the way.
    blank: Bound<'py, PyDict>,
    provider: Repeated<'py>,
    model: Repeated<'py>,
}

impl<'py> MessageRows<'py> {
    fn new(py: Python<'py>) -> PyResult<Self> {
        static BLANK: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
        let blank = BLANK.get_or_try_init(py, || {
            let row = PyDict::new(py);
            entries!(py, row, {
                "id": py.None(),
                "timestamp": py.None(),
                "user_message": py.None(),
                "bot_response": py.None(),
                "provider": py.None(),
                "model": py.None(),
                "tokens_used": py.None(),
                "metadata": py.None(),
            });
            Ok::<_, PyErr>(row.unbind())
        })?;
        Ok(Self {
            py,
            blank: blank.bind(py).clone(),
            provider: Repeated(None),
            model: Repeated(None),
        })
    }

    fn row(&mut self, message: &Message) -> PyResult<Bound<'py, PyDict>> {
        let py = self.py;
        let row = self.blank.copy()?;
        entries!(py, row, {
            "id": message.id,
            "timestamp": moment(py, message.timestamp),
            "user_message": &message.user_message,
        });
        // What is nothing is there already.
        if let Some(response) = &message.bot_response {
            row.set_item(intern!(py, "bot_response"), response)?;
        }
        if let Some(provider) = &message.provider {
            row.set_item(intern!(py, "provider"), self.provider.text(py, provider))?;
        }
        if let Some(model) = &message.model {
            row.set_item(intern!(py, "model"), self.model.text(py, model))?;
        }
        if let Some(tokens) = message.tokens_used {
            row.set_item(intern!(py, "tokens_used"), tokens)?;
        }
        if let Some(metadata) = &message.metadata {
            row.set_item(intern!(py, "metadata"), json::object(py, metadata.as_json())?)?;
        }
        Ok(row)
    }
}

/// A text that is often the one of the row before.
struct Repeated<'py>(Option<(String, Bound<'py, PyString>)>);

impl<'py> Repeated<'py> {
    fn text(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        match &self.0 {
            Some((last, made)) if last == text => made.clone(),
            _ => {
                let made = PyString::new(py, text);
                self.0 = Some((text.to_owned(), made.clone()));
                made
            }
        }
    }
}

pub(crate) fn optional_message(
    py: Python<'_>,
    found: Option<Message>,
) -> PyResult<Option<Bound<'_, PyDict>>> {
    found.map(|found| MessageRows::new(py)?.row(&found)).transpose()
}

pub(crate) fn messages(py: Python<'_>, messages: Vec<Message>) -> PyResult<Bound<'_, PyList>> {
    let mut made = MessageRows::new(py)?;
    let rows: Vec<_> = messages.iter().map(|message| made.row(message)).collect::<PyResult<_>>()?;
    PyList::new(py, rows)
}

pub(crate) fn token_info<'py>(py: Python<'py>, token: &TokenInfo) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    entries!(py, row, {
        "id": token.id,
        "token_id": token.token_id,
        "description": &token.description,
        "created_at": moment(py, token.created_at),
        "expires_at": optional_moment(py, token.expires_at),
        "is_active": token.is_active,
        "last_used_at": optional_moment(py, token.last_used_at),
        "token_start": &token.token_start,
    });
    Ok(row)
}

pub(crate) fn optional_token(
    py: Python<'_>,
    found: Option<TokenInfo>,
) -> PyResult<Option<Bound<'_, PyDict>>> {
    found.map(|found| token_info(py, &found)).transpose()
}

pub(crate) fn tokens(py: Python<'_>, tokens: Vec<TokenInfo>) -> PyResult<Bound<'_, PyList>> {
    let rows: Vec<_> = tokens.iter().map(|row| token_info(py, row)).collect::<PyResult<_>>()?;
    PyList::new(py, rows)
}

/// A `dict` whose `repr` keeps the token to itself.
pub(crate) fn created_token(py: Python<'_>, created: CreatedToken) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let row = PyDict::new(py);
    entries!(py, row, {
        "token": created.token.expose(),
        "id": created.id,
        "token_id": created.token_id,
        "description": &created.description,
        "created_at": moment(py, created.created_at),
        "expires_at": optional_moment(py, created.expires_at),
    });
    CLASS.import(py, "chatkeep._secret", "NewToken")?.call1((row,))
}

pub(crate) fn token_check(py: Python<'_>, check: TokenCheck) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    entries!(py, row, {
        "valid": check.valid,
        "reason": check.reason.name(),
        "token": optional_token(py, check.token)?,
    });
    Ok(row)
}

/// By hand, because a sum of tokens may be beyond 64 bits.
pub(crate) fn analytics(py: Python<'_>, all: Analytics) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    entries!(py, row, {
        "total_messages": all.total_messages,
        "total_tokens": all.total_tokens,
        "average_tokens": all.average_tokens,
        "providers": all.providers,
        "models": all.models,
        "by_date": all.by_date,
    });
    Ok(row)
}

fn sums<'py>(py: Python<'py>, sums: &Sums) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    entries!(py, row, {
        "messages": sums.messages,
        "with_tokens": sums.with_tokens,
        "tokens": sums.tokens,
    });
    Ok(row)
}

pub(crate) fn totals_check(py: Python<'_>, check: TotalsCheck) -> PyResult<Bound<'_, PyDict>> {
    let differences = PyList::empty(py);
    for difference in &check.differences {
        let row = PyDict::new(py);
        entries!(py, row, {
            "start": moment(py, difference.start),
            "hours": difference.hours,
            "provider": &difference.provider,
            "model": &difference.model,
            "kept": sums(py, &difference.kept)?,
            "found": sums(py, &difference.found)?,
        });
        differences.append(row)?;
    }
    let row = PyDict::new(py);
    entries!(py, row, {
        "counted": check.counted,
        "uncounted": check.uncounted,
        "differences": differences,
    });
    Ok(row)
}
