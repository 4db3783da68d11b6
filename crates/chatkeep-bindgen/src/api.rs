//! `api/chatkeep.json`: the public surface as data.

use chatkeep::operation::Form;
use chatkeep_core::described::{DefaultValue, Field, Placement, Type};
use serde::Serialize;
use serde_json::Value;

use crate::output::Output;
use crate::surface::{Described, Surface};

#[derive(Serialize)]
struct Document {
    interfaces: Vec<InterfaceJson>,
    records: Vec<RecordJson>,
    enums: Vec<EnumJson>,
}

#[derive(Serialize)]
struct InterfaceJson {
    name: &'static str,
    class: &'static str,
    /// Name of the store's attribute with the object. The store has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    operations: Vec<OperationJson>,
}

#[derive(Serialize)]
struct OperationJson {
    name: &'static str,
    form: &'static str,
    effect: &'static str,
    parameters: Vec<FieldJson>,
    returns: String,
    /// Whether there is a generic call.
    generic: bool,
}

#[derive(Serialize)]
struct RecordJson {
    name: &'static str,
    fields: Vec<FieldJson>,
}

#[derive(Serialize)]
struct FieldJson {
    name: &'static str,
    #[serde(rename = "type")]
    ty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placement: Option<&'static str>,
}

#[derive(Serialize)]
struct EnumJson {
    name: &'static str,
    values: Vec<&'static str>,
}

/// Adds the file.
pub(crate) fn render(surface: &Surface, output: &mut Output) {
    let interfaces = surface.interfaces.iter().map(|interface| InterfaceJson {
        name: interface.name,
        class: interface.class,
        attribute: (!interface.is_store()).then(|| interface.attribute()),
        operations: interface.operations.iter().map(operation).collect(),
    });
    let records = surface.records.values().map(|record| RecordJson {
        name: record.name,
        fields: record.fields.iter().map(field).collect(),
    });
    let enums = surface.enums.values().map(|described| EnumJson {
        name: described.name,
        values: described.variants.iter().map(|variant| variant.name).collect(),
    });
    let document = Document {
        interfaces: interfaces.collect(),
        records: records.collect(),
        enums: enums.collect(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    output.add("api/chatkeep.json", text + "\n");
}

fn operation(described: &Described) -> OperationJson {
    let operation = described.operation;
    OperationJson {
        name: operation.name,
        form: match operation.form {
            Form::Call => "call",
            Form::Immediate => "immediate",
            _ => "property",
        },
        effect: if operation.is_write { "write" } else { "read" },
        parameters: described.parameters.iter().map(|(_, parameter)| field(parameter)).collect(),
        returns: type_name(&operation.returns),
        generic: operation.is_generic(),
    }
}

fn field(field: &Field) -> FieldJson {
    FieldJson {
        name: field.name,
        ty: type_name(&field.ty),
        default: match field.default {
            DefaultValue::Nothing => Some(Value::Null),
            DefaultValue::Bool(value) => Some(value.into()),
            DefaultValue::Integer(value) => Some(value.into()),
            DefaultValue::Float(value) => Some(value.into()),
            DefaultValue::Text(value) => Some(value.into()),
            _ => None,
        },
        placement: match field.placement {
            Placement::Positional => Some("positional"),
            Placement::Named => Some("named"),
            _ => None,
        },
    }
}

/// Returns the name of a type, such as `list<Message>`.
pub(crate) fn type_name(ty: &Type) -> String {
    match ty {
        Type::Nothing => "nothing".into(),
        Type::Bool => "bool".into(),
        Type::Integer => "integer".into(),
        Type::WideInteger => "wide integer".into(),
        Type::HugeInteger => "huge integer".into(),
        Type::Float => "float".into(),
        Type::Seconds => "seconds".into(),
        Type::Text => "text".into(),
        Type::Secret => "secret".into(),
        Type::Path => "path".into(),
        Type::Timestamp => "timestamp".into(),
        Type::Bytes => "bytes".into(),
        Type::Metadata => "metadata".into(),
        Type::MetadataFilter => "metadata filter".into(),
        Type::Cursor => "cursor".into(),
        Type::Json => "json".into(),
        Type::Optional(inner) => format!("{}?", type_name(inner)),
        Type::List(inner) => format!("list<{}>", type_name(inner)),
        Type::Map(inner) => format!("map<{}>", type_name(inner)),
        Type::Record(record) => record.name.into(),
        Type::Enum(described) => described.name.into(),
        _ => unreachable!("a new type has no name yet"),
    }
}
