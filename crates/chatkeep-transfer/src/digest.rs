//! Digests over all rows of a table. They are the same on every engine.

use chatkeep_core::{Cost, JsonValue, Metadata, TextSet, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::content::{Content, TableContent};
use crate::table::{Batch, Tables};

/// Digests of a database's tables, computed batch by batch.
pub(crate) struct Digests(Vec<(&'static str, TableDigest)>);

/// Digest of the rows of one table.
#[derive(Default)]
pub(crate) struct TableDigest {
    rows: u64,
    sha256: Sha256,
}

/// Adds the values of one row to the digest of its table.
pub(crate) struct RowDigest<'a>(&'a mut Sha256);

impl Digests {
    pub(crate) fn new(tables: Tables) -> Self {
        Self(tables.iter().map(|table| (table.name(), TableDigest::default())).collect())
    }

    pub(crate) fn add(&mut self, batch: &dyn Batch) {
        if let Some((_, digest)) = self.0.iter_mut().find(|(table, _)| *table == batch.table()) {
            batch.add_to_digest(digest);
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.0.iter().map(|(_, digest)| digest.rows).sum()
    }

    pub(crate) fn finish(self) -> Content {
        Content::new(self.0.into_iter().map(|(table, digest)| (table, digest.finish())))
    }
}

impl TableDigest {
    /// Counts a row, whose values the caller adds.
    pub(crate) fn row(&mut self) -> RowDigest<'_> {
        self.rows += 1;
        RowDigest(&mut self.sha256)
    }

    fn finish(self) -> TableContent {
        TableContent { rows: self.rows, sha256: hex(&self.sha256.finalize()) }
    }
}

impl RowDigest<'_> {
    pub(crate) fn number(&mut self, number: i64) {
        self.0.update(number.to_le_bytes());
    }

    pub(crate) fn maybe_number(&mut self, number: Option<i64>) {
        self.0.update([u8::from(number.is_some())]);
        self.number(number.unwrap_or(0));
    }

    /// Adds the length before the text, so that different rows never have the same encoding.
    pub(crate) fn text(&mut self, text: Option<&str>) {
        self.maybe_number(text.map(|text| text.len() as i64));
        self.0.update(text.unwrap_or_default());
    }

    /// Adds the length before the bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as i64);
        self.0.update(bytes);
    }
}

/// A value of a column.
pub(crate) trait DigestValue {
    /// Adds the value to the digest of its row.
    fn add_to(&self, digest: &mut RowDigest<'_>);
}

/// Defines the digests of numbers, which differ if the column is nullable.
macro_rules! numbers {
    ($($value:ty: $number:expr;)+) => {$(
        impl DigestValue for $value {
            fn add_to(&self, digest: &mut RowDigest<'_>) {
                let number: fn(&$value) -> i64 = $number;
                digest.number(number(self));
            }
        }

        impl DigestValue for Option<$value> {
            fn add_to(&self, digest: &mut RowDigest<'_>) {
                let number: fn(&$value) -> i64 = $number;
                digest.maybe_number(self.as_ref().map(number));
            }
        }
    )+};
}

/// Defines the digests of texts.
macro_rules! texts {
    ($($value:ty: $text:expr;)+) => {$(
        impl DigestValue for $value {
            fn add_to(&self, digest: &mut RowDigest<'_>) {
                let text: fn(&$value) -> &str = $text;
                digest.text(Some(text(self)));
            }
        }

        impl DigestValue for Option<$value> {
            fn add_to(&self, digest: &mut RowDigest<'_>) {
                let text: fn(&$value) -> &str = $text;
                digest.text(self.as_ref().map(text));
            }
        }
    )+};
}

numbers! {
    i64: |number| *number;
    i32: |number| i64::from(*number);
    bool: |flag| i64::from(*flag);
    Timestamp: |time| time.as_microsecond();
    Cost: |cost| cost.nano_dollars();
}

texts! {
    String: |text| text;
    Metadata: |metadata| metadata.as_json();
    JsonValue: |value| value.as_json();
}

impl DigestValue for TextSet {
    fn add_to(&self, digest: &mut RowDigest<'_>) {
        digest.text(Some(&self.as_json()));
    }
}

impl DigestValue for Vec<u8> {
    fn add_to(&self, digest: &mut RowDigest<'_>) {
        digest.bytes(self);
    }
}

/// Returns the SHA-256 of these bytes in hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Encodes bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
