//! `cargo xtask build`: builds the packages of the other languages.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use xshell::cmd;

use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;

mod node;
mod npm;
mod python;
mod wheel;

pub(crate) use node::build as node;
pub(crate) use npm::{GLIBC, build as npm};
pub(crate) use python::{build as python, package as python_package};
pub(crate) use wheel::build as wheel;

/// A package to build.
#[derive(Debug, Subcommand)]
pub(crate) enum Package {
    /// Build the Python package in target/python
    Python {
        /// With optimisation, in target/python-release
        #[arg(long)]
        release: bool,
    },
    /// Build the Node package in node/dist
    Node {
        /// With optimisation, for benchmarks
        #[arg(long)]
        release: bool,
    },
    /// Build the wheel and the source distribution, and print their folder
    Wheel {
        /// Without optimisation; takes seconds if the tests are built
        #[arg(long)]
        dev: bool,
    },
    /// Pack the npm packages, and print their folder
    Npm(NpmOptions),
}

/// Variants of the npm packages. By default they are built for this platform, and need its system
/// libraries in the same or a later version.
#[derive(Debug, Args)]
pub(crate) struct NpmOptions {
    /// Without optimisation; takes seconds if the tests are built
    #[arg(long, conflicts_with = "platform")]
    pub(crate) dev: bool,
    /// As published: for a platform of node/platforms.json, linked by cargo-zigbuild for all Linux
    /// systems that Node 20 supports
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) platform: Option<String>,
}

/// Cargo's profile of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Without optimisation.
    Dev,
    /// With optimisation.
    Release,
}

impl Profile {
    /// Returns the profile that is optimised if `release` is set.
    pub(crate) fn new(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Returns the folder of its output below Cargo's build output.
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds a package. Prints the folder of the wheel or of the npm packages.
pub(crate) fn run(project: &Project, package: &Package) -> Result {
    match package {
        Package::Python { release } => python(project, Profile::new(*release)),
        Package::Node { release } => node(project, Profile::new(*release)),
        Package::Wheel { dev } => {
            wheel(project, Profile::new(!dev)).map(|folder| print_path(&folder))
        }
        Package::Npm(options) => npm(project, options).map(|folder| print_path(&folder)),
    }
}

/// The packages whose programs and libraries are tested and used without optimisation.
const DEV_PACKAGES: [&str; 5] =
    ["chatkeep-bindgen", "chatkeep-c", "chatkeep-cli", "chatkeep-node", "chatkeep-python"];

/// Compiles a package. Without optimisation, all of them are compiled: Cargo enables the features
/// that the packages of a call need, so that calls for one package each would compile most crates
/// again.
pub(crate) fn compile(project: &Project, package: &str, profile: Profile) -> Result {
    let packages = match profile {
        Profile::Dev => &DEV_PACKAGES[..],
        Profile::Release => &[package],
    };
    let packages = packages.iter().flat_map(|package| ["-p", package]);
    let name = profile.name();
    cmd!(project.sh, "cargo build --quiet --locked --profile {name}").args(packages).shown()
}

/// Prints a path with slashes, which shells on Windows accept as well.
fn print_path(path: &Path) {
    let path = path.display().to_string();
    println!("{}", if cfg!(windows) { path.replace('\\', "/") } else { path });
}

/// Returns the dynamic library `name` in a folder of Cargo's build output.
fn library(folder: &Path, name: &str) -> Result<PathBuf> {
    let names = [format!("lib{name}.so"), format!("lib{name}.dylib"), format!("{name}.dll")];
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.ok_or_else(|| Failure::new(format!("{} contains no library {name}", folder.display())))
}
