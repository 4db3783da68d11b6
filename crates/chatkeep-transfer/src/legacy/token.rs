//! A row of a table of tokens as a token.

use chatkeep_core::Timestamp;
use chatkeep_core::legacy::{LegacyTable, RawRow, RawValue};
use chatkeep_core::tokens::{MAX_DESCRIPTION, StoredToken};

use super::problem::Fault;
use super::text::{Reading, kind, why_broken};

/// A token as it would be stored, and what is wrong with what it was made of.
pub(super) struct ReadToken {
    /// Its id is 0 where it cannot keep its own.
    pub(super) token: StoredToken,
    pub(super) faults: Vec<Fault>,
}

/// Reads a row. What decides whether a token is valid must be there: nobody may guess it. Columns that have no place here
/// are left out; the caller has made sure that they hold nothing.
pub(super) fn read(table: &LegacyTable, row: &RawRow, file_time: Timestamp) -> ReadToken {
    let value = |name: &str| {
        let place = table.shape.columns().iter().position(|column| *column == name);
        place.and_then(|place| row.values.get(place)).unwrap_or(&RawValue::Null)
    };
    let mut reading = Reading::default();
    let mut faults = Vec::new();
    let token_hash = hash(value("token_hash")).unwrap_or_else(|reason| {
        faults.push(Fault::hopeless("token_hash", reason));
        String::new()
    });
    let description =
        reading.name("description", value("description"), MAX_DESCRIPTION).unwrap_or_default();
    let created_at = moment(value("created_at")).unwrap_or_else(|reason| {
        faults.push(Fault::new("created_at", reason));
        None
    });
    if created_at.is_none() && matches!(value("created_at"), RawValue::Null) {
        faults.push(Fault::new("created_at", "is missing"));
    }
    let expires_at = moment(value("expires_at")).unwrap_or_else(|reason| {
        faults.push(Fault::hopeless("expires_at", reason));
        None
    });
    let last_used_at = moment(value("last_used_at")).unwrap_or_else(|reason| {
        faults.push(Fault::new("last_used_at", reason));
        None
    });
    let is_active = match value("is_active") {
        RawValue::Integer(0) => false,
        RawValue::Integer(1) => true,
        other => {
            faults
                .push(Fault::hopeless("is_active", format!("is {}, neither 0 nor 1", kind(other))));
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
    };
    ReadToken { token, faults }
}

fn hash(value: &RawValue) -> Result<String, String> {
    let RawValue::Text(text) = value else { return Err(format!("is {}, not text", kind(value))) };
    if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("is no SHA-256 in 64 hexadecimal digits, so that no token can fit it".to_owned())
}

fn moment(value: &RawValue) -> Result<Option<Timestamp>, String> {
    match value {
        RawValue::Null => Ok(None),
        RawValue::Text(text) => {
            Timestamp::parse(text).map(Some).map_err(|error| error.message().to_owned())
        }
        RawValue::BrokenText(broken) => Err(why_broken(broken)),
        other => Err(format!("is {}, not a date and time", kind(other))),
    }
}
