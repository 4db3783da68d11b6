//! Runs the project's own commands: `cargo xtask words` checks the wording of comments and texts.

use std::env;
use std::process::ExitCode;

mod words;

const USAGE: &str = "usage: cargo xtask words [--list] [PATH...]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, rest)) if command == "words" => words::run(rest),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
