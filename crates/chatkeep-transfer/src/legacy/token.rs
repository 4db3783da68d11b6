//! Conversion of a row to a token.

use chatkeep_core::Timestamp;
use chatkeep_core::legacy::{LegacyTable, RawRow, RawValue};
use chatkeep_core::tokens::{MAX_DESCRIPTION, StoredToken};

use super::problem::Fault;
use super::text::{Reading, kind, why_broken};

/// A row converted to a token, with the faults of its values.
pub(super) struct ReadToken {
    /// Token to store. Its id is 0 if the row has no valid id.
    pub(super) token: StoredToken,
    pub(super) faults: Vec<Fault>,
}

/// Converts a row to a token.
///
/// The values that decide whether a token is valid are required, as a default could make an invalid
/// token valid. Unknown columns are omitted: the caller has checked that they are NULL.
pub(super) fn read(table: &LegacyTable, row: &RawRow, file_time: Timestamp) -> ReadToken {
    let value = |name: &str| {
        let index = table.shape.columns().iter().position(|column| *column == name);
        index.and_then(|index| row.values.get(index)).unwrap_or(&RawValue::Null)
    };
    let mut reading = Reading::default();
    let mut faults = Vec::new();
    let token_hash = hash(value("token_hash")).unwrap_or_else(|reason| {
        faults.push(Fault::fatal("token_hash", reason));
        String::new()
    });
    let description =
        reading.name("description", value("description"), MAX_DESCRIPTION).unwrap_or_default();
    let created_at = optional_timestamp(value("created_at")).unwrap_or_else(|reason| {
        faults.push(Fault::new("created_at", reason));
        None
    });
    if created_at.is_none() && matches!(value("created_at"), RawValue::Null) {
        faults.push(Fault::new("created_at", "is missing"));
    }
    let expires_at = optional_timestamp(value("expires_at")).unwrap_or_else(|reason| {
        faults.push(Fault::fatal("expires_at", reason));
        None
    });
    let last_used_at = optional_timestamp(value("last_used_at")).unwrap_or_else(|reason| {
        faults.push(Fault::new("last_used_at", reason));
        None
    });
    let is_active = match value("is_active") {
        RawValue::Integer(0) => false,
        RawValue::Integer(1) => true,
        other => {
            faults.push(Fault::fatal("is_active", format!("is {}, neither 0 nor 1", kind(other))));
            false
        }
    };
    let id = match value("id") {
        RawValue::Integer(id) if (1..=1 << 62).contains(id) => *id,
        _ => 0,
    };
    faults.extend(reading.faults);
    let token = StoredToken {
        id,
        token_hash,
        description,
        created_at: created_at.unwrap_or(file_time),
        expires_at,
        is_active,
        last_used_at,
        token_start: None,
        user_id: None,
        scopes: None,
        previous_hash: None,
        previous_until: None,
    };
    ReadToken { token, faults }
}

fn hash(value: &RawValue) -> Result<String, String> {
    let RawValue::Text(text) = value else { return Err(format!("is {}, not text", kind(value))) };
    if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("is not a SHA-256 of 64 hexadecimal digits; no token can match it".to_owned())
}

fn optional_timestamp(value: &RawValue) -> Result<Option<Timestamp>, String> {
    match value {
        RawValue::Null => Ok(None),
        RawValue::Text(text) => {
            Timestamp::parse(text).map(Some).map_err(|error| error.message().to_owned())
        }
        RawValue::BrokenText(broken) => Err(why_broken(broken)),
        other => Err(format!("is {}, not a date and time", kind(other))),
    }
}
