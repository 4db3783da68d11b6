//! Conversion of the arguments of an operation by their described types.

use chatkeep::operation::{DefaultValue, Field, Placement, Record, Type, Value};
use napi::bindgen_prelude::JsObjectValue as _;
use napi::{JsValue as _, ValueType};

use super::bytes::bytes;
use super::metadata::{json, metadata, metadata_filter};
use super::timestamp::timestamp;
use super::{ArgError, ArgResult, JsArg, integer, is_given, optional_text, seconds, text};

/// Converts the arguments of an operation, in the order of its fields.
pub(crate) fn values(
    fields: &[Field],
    is_write: bool,
    args: &[JsArg<'_>],
) -> ArgResult<Vec<Value>> {
    if fields.len() != args.len() {
        let message = format!("expected {} arguments, not {}", fields.len(), args.len());
        return Err(chatkeep::Error::internal(message).into());
    }
    let argument = |(field, arg): (&Field, &JsArg<'_>)| {
        if is_omitted(field, is_write, arg)? {
            return Ok(Value::Missing);
        }
        value(field.name, &field.ty, arg)
    };
    fields.iter().zip(args).map(argument).collect()
}

/// Returns whether the default applies, or the argument is missing.
///
/// `null` also selects the default of a switch, of a choice and of an option of a query. It does
/// not select that of a number or a text in a write: a `null` from a failed computation must not
/// delete messages.
fn is_omitted(field: &Field, is_write: bool, arg: &JsArg<'_>) -> ArgResult<bool> {
    let ty = arg.get_type()?;
    if matches!(field.ty, Type::Optional(_)) {
        // It has no other default than nothing. A required one is null or a value.
        return Ok(field.default == DefaultValue::Required && ty == ValueType::Undefined);
    }
    if field.default == DefaultValue::Required {
        return Ok(false);
    }
    Ok(match (ty, field.ty) {
        (ValueType::Undefined, _) | (ValueType::Null, Type::Bool | Type::Enum(_)) => true,
        (ValueType::Null, _) => !is_write && field.placement != Placement::Positional,
        _ => false,
    })
}

/// Converts a value of a type.
fn value(field: &str, ty: &Type, arg: &JsArg<'_>) -> ArgResult<Value> {
    Ok(match ty {
        Type::Optional(Type::Text) => {
            optional_text(field, arg)?.map_or(Value::Nothing, Value::Text)
        }
        Type::Optional(Type::Path) => {
            optional_text(field, arg)?.map_or(Value::Nothing, |path| Value::Path(path.into()))
        }
        Type::Optional(_) | Type::MetadataFilter if !is_given(arg)? => Value::Nothing,
        Type::Optional(inner) => value(field, inner, arg)?,
        Type::Bool => Value::Bool(boolean(field, arg)?),
        Type::Integer | Type::WideInteger => Value::Integer(integer(field, arg)?),
        Type::Float => Value::Float(float(field, arg)?),
        Type::Seconds => Value::Seconds(seconds(field, arg)?),
        Type::Text | Type::Secret | Type::Enum(_) => Value::Text(text(field, arg)?),
        Type::Path => Value::Path(text(field, arg)?.into()),
        Type::Timestamp => Value::Timestamp(timestamp(field, arg)?),
        Type::Bytes => Value::Bytes(bytes(field, arg)?),
        Type::Metadata => Value::Metadata(metadata(field, arg)?),
        Type::Json => Value::Json(json(field, arg)?),
        Type::MetadataFilter => Value::MetadataFilter(metadata_filter(field, arg)?),
        Type::Cursor => Value::Cursor(text(field, arg)?.parse()?),
        Type::List(element) => list(field, element, arg)?,
        Type::Map(element) => map(field, element, arg)?,
        Type::Record(described) => record(field, described, arg)?,
        _ => {
            let message = format!("{field} has a type that is not an argument's");
            return Err(chatkeep::Error::internal(message).into());
        }
    })
}

/// Converts a list. The error of an element's field is `messages[3].provider`, for example.
fn list(field: &str, element: &Type, arg: &JsArg<'_>) -> ArgResult<Value> {
    let element = |index, arg: &JsArg<'_>| {
        let inner = if matches!(element, Type::Record(_)) { "" } else { field };
        value(inner, element, arg).map_err(|error| {
            error.map_field(|name| match element {
                Type::Record(_) => format!("{field}[{index}].{name}"),
                _ => format!("{field}[{index}]"),
            })
        })
    };
    elements(field, "an array", arg, element).map(Value::List)
}

/// Converts a map, which `node/src/records.ts` passes as an array of keys and an array of values.
/// The error of a value is `values[theme]`, for example.
fn map(field: &str, element: &Type, arg: &JsArg<'_>) -> ArgResult<Value> {
    let parts = |index| -> ArgResult<JsArg<'_>> {
        if !arg.is_array()? {
            return Err(ArgError::wrong_type(field, "an object", arg));
        }
        Ok(arg.coerce_to_object()?.get_element(index)?)
    };
    let keys = elements(field, "an object", &parts(0)?, |_, key| text(field, key))?;
    let entry = |index: usize, arg: &JsArg<'_>| {
        value(field, element, arg).map_err(|error| {
            let key = keys.get(index).map_or("", String::as_str);
            error.map_field(|_| format!("{field}[{key}]"))
        })
    };
    let values = elements(field, "an object", &parts(1)?, entry)?;
    Ok(Value::Map(keys.into_iter().zip(values).collect()))
}

/// Converts a record, which `node/src/records.ts` passes as an array of its values. The error of a
/// field names `checkpoint.channels`, for example. The list adds the names of its elements.
fn record(name: &str, described: &Record, arg: &JsArg<'_>) -> ArgResult<Value> {
    let field_value = |index: usize, arg: &JsArg<'_>| {
        let Some(field) = described.fields.get(index) else { return Ok(Value::Missing) };
        if is_omitted(field, false, arg)? {
            return Ok(Value::Missing);
        }
        value(field.name, &field.ty, arg).map_err(|error| match name {
            "" => error,
            _ => error.map_field(|field| format!("{name}.{field}")),
        })
    };
    elements(name, "an object", arg, field_value).map(Value::Record)
}

/// Converts the elements of an array.
fn elements<T>(
    field: &str,
    expected: &str,
    arg: &JsArg<'_>,
    mut element: impl FnMut(usize, &JsArg<'_>) -> ArgResult<T>,
) -> ArgResult<Vec<T>> {
    if !arg.is_array()? {
        return Err(ArgError::wrong_type(field, expected, arg));
    }
    let array = arg.coerce_to_object()?;
    let convert = |index| element(index as usize, &array.get_element(index)?);
    (0..array.get_array_length()?).map(convert).collect()
}

/// Converts a boolean.
pub(super) fn boolean(field: &str, arg: &JsArg<'_>) -> ArgResult<bool> {
    if arg.get_type()? != ValueType::Boolean {
        return Err(ArgError::wrong_type(field, "a boolean", arg));
    }
    Ok(arg.coerce_to_bool()?)
}

fn float(field: &str, arg: &JsArg<'_>) -> ArgResult<f64> {
    if arg.get_type()? != ValueType::Number {
        return Err(ArgError::wrong_type(field, "a number", arg));
    }
    Ok(arg.coerce_to_number()?.get_double()?)
}
