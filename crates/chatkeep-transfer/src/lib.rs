//! Data in and out of chatkeep: what other programs left behind, from one engine to another, backup and restore.
//!
//! - [`import_legacy`]: SQLite files of other chat programs, taken over row by row, all or nothing.
//!
//! Each call tells how far it is through a function that it is given; see [`Step`].

mod legacy;
mod progress;

pub use legacy::{
    Counts, FileReport, ImportOptions, ImportReport, MovingIn, Problem, default_files, import_legacy,
};
pub use progress::{Phase, Step};
