//! Renders the public surface of chatkeep for other languages, from the descriptions of its
//! operations.
//!
//! - `api/chatkeep.json` is the surface as data. Its diff shows every change of the surface.
//! - Other files are the packages of the languages and the reference pages.
//!
//! `chatkeep-bindgen --write` writes the files; without it, the command fails if one is out of date.

mod api;
mod documentation;
mod go;
mod guide;
mod names;
mod node;
mod output;
mod python;
mod reference;
mod surface;
mod wrap;

use std::process::ExitCode;

use output::Output;
use surface::Surface;

fn main() -> ExitCode {
    let is_write = std::env::args().skip(1).any(|argument| argument == "--write");
    let surface = Surface::read();
    let mut output = Output::default();
    api::render(&surface, &mut output);
    python::render(&surface, &mut output);
    guide::render(&mut output);
    reference::render(&surface, &mut output);
    node::render(&surface, &mut output);
    go::render(&surface, &mut output);
    output.finish(is_write)
}
