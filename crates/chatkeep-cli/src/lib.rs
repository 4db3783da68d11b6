//! The `chatkeep` command as a library, which the Python wheel and the npm package also use.
//!
//! ```no_run
//! let code = chatkeep_cli::run(["chatkeep", "messages", "stats"]);
//! std::process::exit(code.into());
//! ```
//!
//! [`run`] parses the arguments (`args`), prepares the `context` and `terminal`, and calls one
//! function per command (`commands`). `import` and `export` read and write JSON Lines. `table` and
//! `chart` format output. `failure` turns errors into messages and exit codes. `interrupt` cleans
//! up after Ctrl-C.

mod age;
mod args;
mod argument_names;
mod argument_text;
mod chart;
mod commands;
mod confirm;
mod context;
mod export;
mod failure;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod import;
mod interrupt;
mod numbers;
mod problem_list;
mod progress;
mod reference;
mod run;
mod secret_input;
mod style;
mod table;
mod terminal;
mod text;
mod time_range;

pub use run::run;
