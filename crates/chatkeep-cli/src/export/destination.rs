//! Destinations of exports and backups: standard output, a device, or a file that appears when it
//! is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use chatkeep::DatabaseUrl;

use super::descriptor;
use super::partial_file::PartialFile;
use chatkeep_transfer::{refuse_database_file, refuse_open_database_file};

use crate::args::output_file::OutputFileOptions;
use crate::failure::Failure;
use crate::interrupt::InterruptHandler;
use crate::progress::Progress;

const BUFFER_BYTES: usize = 256 << 10;

/// Requested output.
pub(crate) struct Output<'a> {
    /// Path, or - for standard output.
    pub(crate) path: &'a Path,
    /// Whether an existing file is replaced.
    pub(crate) replace: bool,
    /// Permissions of a new file.
    pub(crate) mode: u32,
    /// Database whose files are rejected as output.
    pub(crate) database: &'a DatabaseUrl,
}

impl<'a> Output<'a> {
    /// Returns the output at `path` of a command that reads `database`.
    pub(crate) fn new(
        path: &'a Path,
        options: &OutputFileOptions,
        database: &'a DatabaseUrl,
    ) -> Self {
        Self { path, replace: options.force, mode: options.file_mode, database }
    }

    /// Returns whether the output is an open file descriptor.
    pub(crate) fn is_descriptor(&self) -> bool {
        descriptor::number(self.path).is_some()
    }

    /// Returns whether the output is standard output, under any name.
    pub(crate) fn is_standard(&self) -> bool {
        descriptor::number(self.path) == Some(1)
    }
}

/// A writer that counts lines for the progress bar and remembers the first error.
pub(crate) struct Destination<'a> {
    name: String,
    out: BufWriter<Sink<'a>>,
    error: Option<io::Error>,
    bytes: u64,
    lines: u64,
    progress: Option<Progress>,
}

enum Sink<'a> {
    /// Standard output.
    Output(io::Stdout),
    /// A device, a named pipe, or another open file descriptor.
    Device(File),
    /// A file that gets its name when it is complete.
    Partial(PartialFile<'a>),
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Output(out) => out.write(bytes),
            Self::Device(file) => file.write(bytes),
            Self::Partial(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output(out) => out.flush(),
            Self::Device(file) => file.flush(),
            Self::Partial(file) => file.flush(),
        }
    }
}

impl<'a> Destination<'a> {
    pub(crate) fn open(
        output: &Output<'_>,
        interrupts: &'a InterruptHandler,
        progress: Option<Progress>,
    ) -> Result<Self, Failure> {
        let path = output.path;
        let (name, sink) = match descriptor::number(path) {
            Some(number) => {
                let name = if number == 1 {
                    "standard output".to_owned()
                } else {
                    path.display().to_string()
                };
                let file =
                    descriptor::open(number, path).map_err(|error| Failure::file(&name, &error))?;
                refuse_open_database_file(output.database, &file, &name)?;
                let sink =
                    if number == 1 { Sink::Output(io::stdout()) } else { Sink::Device(file) };
                (name, sink)
            }
            None => {
                let name = path.display().to_string();
                refuse_database_file(output.database, path)?;
                // A device or a named pipe is written to, not replaced.
                let sink = if path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir())
                {
                    let file = OpenOptions::new()
                        .write(true)
                        .open(path)
                        .map_err(|error| Failure::file(&name, &error))?;
                    Sink::Device(file)
                } else {
                    Sink::Partial(PartialFile::create(
                        path,
                        output.replace,
                        output.mode,
                        interrupts,
                    )?)
                };
                (name, sink)
            }
        };
        let out = BufWriter::with_capacity(BUFFER_BYTES, sink);
        Ok(Self { name, out, error: None, bytes: 0, lines: 0, progress })
    }

    /// Returns the number of bytes written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the first write error, if any.
    pub(crate) fn failure(&mut self) -> Option<Failure> {
        self.error.take().map(|error| Failure::file(&self.name, &error))
    }

    /// Flushes the buffer, and gives a new file its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let sink =
            self.out.into_inner().map_err(|error| Failure::file(&self.name, error.error()))?;
        match sink {
            Sink::Output(mut out) => out.flush().map_err(|error| Failure::file(&self.name, &error)),
            Sink::Device(_) => Ok(()),
            Sink::Partial(file) => file.finish(),
        }
    }

    fn remember<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        outcome.inspect_err(|error| {
            let copy = error
                .raw_os_error()
                .map_or_else(|| io::Error::from(error.kind()), io::Error::from_raw_os_error);
            self.error.get_or_insert(copy);
        })
    }
}

impl Write for Destination<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.out.write(bytes);
        let written = self.remember(outcome)?;
        self.bytes += written as u64;
        if let Some(progress) = &self.progress {
            self.lines += bytes[..written].iter().filter(|byte| **byte == b'\n').count() as u64;
            progress.set(self.lines);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.out.flush();
        self.remember(outcome)
    }
}
