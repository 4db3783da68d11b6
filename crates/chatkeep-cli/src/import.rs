//! `chatkeep messages import`: stores JSON Lines in batches, in bounded memory.

mod check;
mod lines;
mod row;
mod store;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

#[cfg(feature = "fuzzing")]
use chatkeep::{Error, NewMessage};

use crate::args::messages::ImportOptions;
use crate::context::Context;
use crate::failure::Failure;

use self::lines::Lines;

/// Size of the read buffer.
const BUFFER_BYTES: usize = 256 << 10;

pub(crate) fn run(options: &ImportOptions, context: &Context) -> Result<u8, Failure> {
    let mut source = Source::open(&options.file)?;
    source
        .lines
        .skip(options.from_line - 1)
        .map_err(|error| Failure::file(&source.name, &error))?;
    if options.dry_run {
        check::run(source, context)
    } else {
        store::run(source, options, context).map(|()| 0)
    }
}

/// A file, or standard input.
pub(crate) struct InputFile {
    /// Name in messages.
    pub(crate) name: String,
    /// Size in bytes, if known.
    pub(crate) bytes: Option<u64>,
    pub(crate) reader: Box<dyn Read>,
}

impl InputFile {
    /// Opens a file, or standard input for `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            let reader = Box::new(io::stdin());
            return Ok(Self { name: "standard input".to_owned(), bytes: None, reader });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Failure::file(&name, &error))?;
        let bytes = file.metadata().ok().filter(|about| about.is_file()).map(|about| about.len());
        Ok(Self { name, bytes, reader: Box::new(file) })
    }
}

/// Source of the lines.
pub(crate) struct Source {
    /// Name of the source in messages.
    name: String,
    /// Size of the source in bytes, if known.
    bytes: Option<u64>,
    lines: Lines<BufReader<Box<dyn Read>>>,
}

impl Source {
    fn open(path: &Path) -> Result<Self, Failure> {
        let InputFile { name, bytes, reader } = InputFile::open(path)?;
        Ok(Self { name, bytes, lines: Lines::new(BufReader::with_capacity(BUFFER_BYTES, reader)) })
    }

    /// Formats the location of a line: `chats.jsonl, line 12`.
    fn location(&self, line: u64) -> String {
        format!("{}, line {line}", self.name)
    }
}

/// Parses every line of a text in memory, for fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_all(bytes: &[u8]) -> io::Result<Vec<Result<Option<NewMessage>, Error>>> {
    let mut lines = Lines::new(bytes);
    let mut read = Vec::new();
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next()? else { return Ok(read) };
        read.push(row::read(&line, number));
    }
}
