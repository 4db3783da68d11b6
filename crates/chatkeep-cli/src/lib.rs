//! The `chatkeep` command as a library, so that the Python wheel and the npm package can carry the same command.
//!
//! ```no_run
//! let code = chatkeep_cli::run(["chatkeep", "messages", "stats"]);
//! std::process::exit(code.into());
//! ```
//!
//! The parts: [`run`] reads the arguments (`args`), prepares what every command needs (`context`, `terminal`) and hands over to one
//! function per command (`commands`). `import` and `export` move whole logs, `table` and `chart` draw, `failure`
//! turns every error into a message and an exit code, `interruption` keeps Ctrl-C from leaving half-done things.

mod age;
mod args;
mod argument_names;
mod chart;
mod commands;
mod context;
mod export;
mod failure;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod import;
mod interruption;
mod moment;
mod numbers;
mod progress;
mod question;
mod reference;
mod run;
mod style;
mod table;
mod terminal;
mod text;

pub use run::run;
