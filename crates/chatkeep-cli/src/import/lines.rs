//! Reader of numbered lines with a maximum length.

use std::io::{self, BufRead, Read as _};

/// Maximum length of a line in bytes; longer ones are skipped.
///
/// A message has at most 16 MiB. In practice, JSON's escapes never make it four times as long.
pub(super) const MAX_LINE_BYTES: usize = 64 << 20;

/// Content of a line.
pub(super) enum Line<'a> {
    /// Bytes of the line, including the line break.
    Bytes(&'a [u8]),
    /// The line exceeds [`MAX_LINE_BYTES`].
    TooLong,
}

pub(super) struct Lines<R> {
    reader: R,
    max_bytes: usize,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, max_bytes: MAX_LINE_BYTES, buffer: Vec::new(), number: 0, bytes: 0 }
    }

    /// Returns the number of the last line read, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the number of bytes read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Skips lines without parsing them.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<()> {
        for _ in 0..count {
            let skipped = self.reader.skip_until(b'\n')?;
            if skipped == 0 {
                break;
            }
            self.bytes += skipped as u64;
            self.number += 1;
        }
        Ok(())
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        // Release the memory of an unusually long line.
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        let limit = self.max_bytes as u64 + 1;
        let read = (&mut self.reader).take(limit).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        if read > self.max_bytes {
            if self.buffer.last() != Some(&b'\n') {
                self.bytes += self.reader.skip_until(b'\n')? as u64;
            }
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Bytes(&self.buffer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines<&[u8]>) -> Vec<(u64, Option<String>)> {
        let mut out = Vec::new();
        while let Some(line) = lines.next().expect("memory can be read") {
            let text = match line {
                Line::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                Line::TooLong => None,
            };
            out.push((lines.number(), text));
        }
        out
    }

    #[test]
    fn lines_are_numbered() {
        let mut lines = Lines::new(&b"one\n\nthree"[..]);
        let expected = [
            (1, Some("one\n".to_owned())),
            (2, Some("\n".to_owned())),
            (3, Some("three".to_owned())),
        ];
        assert_eq!(all(&mut lines), expected);
        assert_eq!(lines.bytes(), 10);
    }

    #[test]
    fn lines_that_are_too_long_are_skipped() {
        let mut lines = Lines { max_bytes: 4, ..Lines::new(&b"123\n12345678\n1234\nok\n"[..]) };
        let expected =
            [(1, Some("123\n".to_owned())), (2, None), (3, None), (4, Some("ok\n".to_owned()))];
        assert_eq!(all(&mut lines), expected);
        assert_eq!(lines.bytes(), 21);
    }

    #[test]
    fn skipped_lines_are_counted() {
        let mut lines = Lines::new(&b"one\ntwo\nthree\n"[..]);
        lines.skip(2).expect("memory can be read");
        assert_eq!(all(&mut lines), [(3, Some("three\n".to_owned()))]);
        let mut lines = Lines::new(&b"one\n"[..]);
        lines.skip(9).expect("memory can be read");
        assert_eq!(all(&mut lines), []);
    }
}
