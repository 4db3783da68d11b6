//! Runs the project's own commands, as `cargo xtask`.

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Result;
use project::Project;

mod arguments;
mod cksum;
mod failure;
mod files;
mod interrupt;
mod process;
mod project;
mod setup;
mod words;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    match interrupt::watch()
        .and_then(|()| Project::open())
        .and_then(|project| run(&project, command))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.code())
        }
    }
}

fn run(project: &Project, command: Command) -> Result {
    match command {
        Command::Setup { parts } => setup::run(project, &parts),
        Command::SetupServer { engine, version } => {
            let folder = setup::other_server(project, engine, &version)?;
            println!("{}", folder.display());
            Ok(())
        }
        Command::Words { list, paths } => {
            println!("{}", words::check(&paths, list)?);
            Ok(())
        }
    }
}
