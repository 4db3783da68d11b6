//! Runs the project's own commands, as `cargo xtask`. The frequent ones are also targets of `make`.

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use build::Profile;
use failure::Result;
use format::Mode;
use project::Project;

mod arguments;
mod bench;
mod build;
mod check;
mod ci;
mod cksum;
mod docs;
mod failure;
mod files;
mod format;
mod interrupt;
mod process;
mod project;
mod setup;
mod steps;
mod test;
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
        Command::Ci => ci::run(project),
        Command::Check => check::run(project),
        Command::Words { list, paths } => {
            println!("{}", words::check(&paths, list)?);
            Ok(())
        }
        Command::Generated { write: true } => check::generated::write(project),
        Command::Generated { write: false } => {
            check::generated::check(project)?;
            println!("The generated files are up to date");
            Ok(())
        }
        Command::Format { check } => {
            format::run(project, if check { Mode::Check } else { Mode::Write })
        }
        Command::Build(package) => build::run(project, &package),
        Command::Test(forwarded) => test::run(project, &forwarded.arguments),
        Command::Suites(forwarded) => test::suites::run(project, &forwarded.arguments),
        Command::Pytest(forwarded) => test::pytest::run(project, &forwarded.arguments),
        Command::NodeTest(forwarded) => test::node::run(project, &forwarded.arguments),
        Command::GoTest(forwarded) => test::go::run(project, &forwarded.arguments),
        Command::Wheel { dev, arguments } => {
            test::wheel::run(project, Profile::new(!dev), &arguments.arguments)
        }
        Command::Npm { options, arguments } => {
            test::npm::run(project, &options, &arguments.arguments)
        }
        Command::Settings { settings } => test::settings::run(project, &settings),
        Command::Versions { versions } => test::versions::run(project, &versions),
        Command::Galera(forwarded) => test::galera::run(project, &forwarded.arguments),
        Command::Kills { kills } => test::kills::run(project, kills),
        Command::Fuzz { seconds, targets } => test::fuzz::run(project, seconds, &targets),
        Command::Frameworks { only, names } => {
            test::frameworks::run(project, only.as_deref(), &names)
        }
        Command::Endurance { only } => test::endurance::run(project, only.as_deref()),
        Command::Docs => docs::run(project),
        Command::Bench => bench::run(project),
    }
}
