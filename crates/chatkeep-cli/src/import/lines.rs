//! Lines of bytes, numbered, and none longer than memory is wide.

use std::io::{self, BufRead, Read as _};

/// A longer line is passed over unread. A message has at most 16 MiB, which JSON's escapes make four times as long
/// only in texts that nobody writes.
pub(super) const LONGEST_LINE: usize = 64 << 20;

/// What stands on a line.
pub(super) enum Line<'a> {
    /// Its bytes, with the line break.
    Bytes(&'a [u8]),
    /// More than [`LONGEST_LINE`].
    TooLong,
}

pub(super) struct Lines<R> {
    reader: R,
    longest: usize,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, longest: LONGEST_LINE, buffer: Vec::new(), number: 0, bytes: 0 }
    }

    /// The number of the line that was read last, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How far the source has been read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Goes on after so many lines, whatever stands on them.
    pub(super) fn pass_over(&mut self, count: u64) -> io::Result<()> {
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
        // One huge line must not keep its memory until the end.
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        let most = self.longest as u64 + 1;
        let read = (&mut self.reader).take(most).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        if read > self.longest {
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
    fn lines_are_numbered_and_the_last_needs_no_line_break() {
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
    fn a_line_that_is_too_long_is_passed_over_whole() {
        let mut lines = Lines { longest: 4, ..Lines::new(&b"123\n12345678\n1234\nok\n"[..]) };
        let expected =
            [(1, Some("123\n".to_owned())), (2, None), (3, None), (4, Some("ok\n".to_owned()))];
        assert_eq!(all(&mut lines), expected);
        assert_eq!(lines.bytes(), 21);
    }

    #[test]
    fn lines_that_are_passed_over_count() {
        let mut lines = Lines::new(&b"one\ntwo\nthree\n"[..]);
        lines.pass_over(2).expect("memory can be read");
        assert_eq!(all(&mut lines), [(3, Some("three\n".to_owned()))]);
        let mut lines = Lines::new(&b"one\n"[..]);
        lines.pass_over(9).expect("memory can be read");
        assert_eq!(all(&mut lines), []);
    }
}
