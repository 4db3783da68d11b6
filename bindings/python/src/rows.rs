//! Converts chatkeep values to `dict`s in one pass, with interned keys.
//!
//! The `dict`s are ready for a JSON response: timestamps are ISO 8601 strings with a UTC offset.

use std::fmt::Write as _;

use chatkeep::{
    Analytics, CreatedToken, Message, Sums, Timestamp, TokenCheck, TokenInfo, TotalsCheck,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use crate::json;

/// Sets the items of a `dict`, in order.
macro_rules! set_items {
    ($py:ident, $dict:expr, { $($key:literal: $value:expr),+ $(,)? }) => {
        $($dict.set_item(intern!($py, $key), $value)?;)+
    };
}

fn timestamp<'py>(py: Python<'py>, timestamp: Timestamp) -> Bound<'py, PyString> {
    // Every timestamp has this length, so the string is allocated once.
    let mut text = String::with_capacity(32);
    // Writing to a String never fails.
    let _ = write!(text, "{timestamp}");
    PyString::new(py, &text)
}

fn optional_timestamp<'py>(
    py: Python<'py>,
    given: Option<Timestamp>,
) -> Option<Bound<'py, PyString>> {
    given.map(|given| timestamp(py, given))
}

/// Converts messages to `dict`s.
struct MessageRows<'py> {
    py: Python<'py>,
    /// A `dict` with all keys, copied for each row. Adding the keys one by one would resize it.
    template: Bound<'py, PyDict>,
    provider: CachedText<'py>,
    model: CachedText<'py>,
}

impl<'py> MessageRows<'py> {
    fn new(py: Python<'py>) -> PyResult<Self> {
        static TEMPLATE: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
        let template = TEMPLATE.get_or_try_init(py, || {
            let row = PyDict::new(py);
            set_items!(py, row, {
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
            template: template.bind(py).clone(),
            provider: CachedText(None),
            model: CachedText(None),
        })
    }

    fn row(&mut self, message: &Message) -> PyResult<Bound<'py, PyDict>> {
        let py = self.py;
        let row = self.template.copy()?;
        set_items!(py, row, {
            "id": message.id,
            "timestamp": timestamp(py, message.timestamp),
            "user_message": &message.user_message,
        });
        // The template already contains `None` for every key.
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
            row.set_item(intern!(py, "metadata"), json::parse(py, metadata.as_json())?)?;
        }
        Ok(row)
    }
}

/// The last string that was converted, which the next row often repeats.
struct CachedText<'py>(Option<(String, Bound<'py, PyString>)>);

impl<'py> CachedText<'py> {
    fn text(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        match &self.0 {
            Some((last, converted)) if last == text => converted.clone(),
            _ => {
                let converted = PyString::new(py, text);
                self.0 = Some((text.to_owned(), converted.clone()));
                converted
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
    let mut rows = MessageRows::new(py)?;
    let rows: Vec<_> = messages.iter().map(|message| rows.row(message)).collect::<PyResult<_>>()?;
    PyList::new(py, rows)
}

pub(crate) fn token_info<'py>(py: Python<'py>, token: &TokenInfo) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    set_items!(py, row, {
        "id": token.id,
        "token_id": token.token_id,
        "description": &token.description,
        "created_at": timestamp(py, token.created_at),
        "expires_at": optional_timestamp(py, token.expires_at),
        "is_active": token.is_active,
        "last_used_at": optional_timestamp(py, token.last_used_at),
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

/// Converts a created token to a `dict` whose `repr` hides the token.
pub(crate) fn created_token(py: Python<'_>, created: CreatedToken) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let row = PyDict::new(py);
    set_items!(py, row, {
        "token": created.token.expose(),
        "id": created.id,
        "token_id": created.token_id,
        "description": &created.description,
        "created_at": timestamp(py, created.created_at),
        "expires_at": optional_timestamp(py, created.expires_at),
    });
    CLASS.import(py, "chatkeep._secret", "NewToken")?.call1((row,))
}

pub(crate) fn token_check(py: Python<'_>, check: TokenCheck) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    set_items!(py, row, {
        "valid": check.valid,
        "reason": check.reason.name(),
        "token": optional_token(py, check.token)?,
    });
    Ok(row)
}

/// Converts analytics to a `dict`.
///
/// The conversion does not use JSON text, because a sum of tokens may exceed 64 bits.
pub(crate) fn analytics(py: Python<'_>, all: Analytics) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    set_items!(py, row, {
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
    set_items!(py, row, {
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
        set_items!(py, row, {
            "start": timestamp(py, difference.start),
            "hours": difference.hours,
            "provider": &difference.provider,
            "model": &difference.model,
            "kept": sums(py, &difference.kept)?,
            "found": sums(py, &difference.found)?,
        });
        differences.append(row)?;
    }
    let row = PyDict::new(py);
    set_items!(py, row, {
        "counted": check.counted,
        "uncounted": check.uncounted,
        "differences": differences,
    });
    Ok(row)
}
