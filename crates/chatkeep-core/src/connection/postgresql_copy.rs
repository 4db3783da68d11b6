//! Rows for PostgreSQL's `COPY … FROM STDIN (FORMAT binary)`, its fastest bulk insert (its manual,
//! "COPY", "Binary Format").

use std::io::Cursor;

use diesel::QueryResult;
use futures_util::{SinkExt as _, pin_mut};

use super::postgresql::PgConnection;

/// The header of the format: its signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Written instead of a row's number of columns: the end of the rows.
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// Written instead of a value's length: NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Rows in the binary format.
pub(crate) struct CopyRows {
    buffer: Vec<u8>,
    /// Position of the current row's number of columns.
    row: usize,
    columns: i16,
}

impl CopyRows {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(bytes);
        buffer.extend_from_slice(HEADER);
        Self { row: buffer.len(), columns: 0, buffer }
    }

    /// Begins a row. The caller must then write one value per column.
    pub(crate) fn row(&mut self) {
        self.end_row();
        self.row = self.buffer.len();
        self.columns = 0;
        self.buffer.extend_from_slice(&self.columns.to_be_bytes());
    }

    /// Stores the number of columns of the current row, if there is one.
    fn end_row(&mut self) {
        if let Some(number) = self.buffer.get_mut(self.row..self.row + 2) {
            number.copy_from_slice(&self.columns.to_be_bytes());
        }
    }

    pub(crate) fn bytes(&mut self, value: Option<&[u8]>) {
        self.columns += 1;
        match value {
            // Rows are limited to far less than 2 GiB, so the length fits 32 bits.
            Some(bytes) => {
                self.buffer.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
                self.buffer.extend_from_slice(bytes);
            }
            None => self.buffer.extend_from_slice(&NULL),
        }
    }

    pub(crate) fn text(&mut self, value: Option<&str>) {
        self.bytes(value.map(str::as_bytes));
    }

    pub(crate) fn integer(&mut self, value: Option<i64>) {
        match value {
            Some(number) => self.bytes(Some(&number.to_be_bytes())),
            None => self.bytes(None),
        }
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.bytes(Some(&[u8::from(value)]));
    }

    /// Writes a `jsonb` value: the version of the format, then the text.
    pub(crate) fn json(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.bytes(None) };
        self.columns += 1;
        self.buffer.extend_from_slice(&(text.len() as i32 + 1).to_be_bytes());
        self.buffer.push(1);
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn finish(mut self) -> Vec<u8> {
        self.end_row();
        self.buffer.extend_from_slice(&END);
        self.buffer
    }
}

impl PgConnection {
    /// Runs a `COPY … FROM STDIN (FORMAT binary)` with these rows, and returns the number of stored
    /// rows.
    pub(crate) fn copy_in(&mut self, sql: &str, rows: CopyRows) -> QueryResult<u64> {
        self.begin_now()?;
        let bytes = rows.finish();
        let client = &self.client;
        let outcome = self.reactor.wait(async move {
            let sink = client.copy_in::<_, Cursor<Vec<u8>>>(sql).await?;
            pin_mut!(sink);
            sink.send(Cursor::new(bytes)).await?;
            sink.finish().await
        });
        self.complete(outcome)
    }
}
