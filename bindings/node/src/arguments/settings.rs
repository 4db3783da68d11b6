//! The settings of a store. A value out of range is a configuration error, as for the environment
//! variables.

use chatkeep::operation::Value;
use chatkeep::{Chatkeep, ChatkeepBuilder, Error, Range, SETTINGS};

use super::timeout::number;
use super::value::boolean;
use super::{ArgResult, JsArg, integer, is_given, optional_text, text};

/// Returns a builder with the given settings, in the order of [`SETTINGS`]. The environment
/// provides the others.
pub(crate) fn builder(url: &JsArg<'_>, settings: &[JsArg<'_>]) -> ArgResult<ChatkeepBuilder> {
    if settings.len() != SETTINGS.len() {
        return Err(Error::internal(
            "the JavaScript files and the native library of chatkeep have different versions; \
             reinstall chatkeep",
        )
        .into());
    }
    let mut builder = Chatkeep::builder();
    if let Some(url) = optional_text("url", url)? {
        builder = builder.url(url);
    }
    for (setting, arg) in SETTINGS.iter().zip(settings) {
        if !is_given(arg)? {
            continue;
        }
        let value = match setting.range {
            Range::WholeNumber(_) => Value::Integer(integer(setting.name, arg)?),
            Range::Seconds(_) => Value::Float(number(setting.name, arg)?),
            Range::Secret(_) => Value::Text(text(setting.name, arg)?),
            _ => Value::Bool(boolean(setting.name, arg)?),
        };
        builder = builder.setting(setting.name, value)?;
    }
    Ok(builder)
}
