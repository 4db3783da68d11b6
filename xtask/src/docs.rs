//! `cargo xtask docs`: builds the documentation in `target/site`: the guides (mdBook), and the
//! references of Rust (rustdoc), Python (Sphinx) and Node (TypeDoc). Warnings and dead internal links
//! are errors.

use std::path::Path;

use xshell::cmd;

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::files::copy_folder;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};
use crate::steps::step;

/// Builds the documentation. The first failing step ends it.
pub(crate) fn run(project: &Project) -> Result {
    setup::run(project, &[Part::Docs])?;
    let site = project.target.join("site");
    let docs = |name: &str, body: &dyn Fn() -> Result| match step("docs", name, body)? {
        true => Ok(()),
        false => Err(Failure::printed(1)),
    };
    docs("guides", &|| guides(project, &site))?;
    docs("Rust reference", &|| rust_reference(project, &site))?;
    docs("Python reference", &|| python_reference(project, &site))?;
    docs("Node reference", &|| node_reference(project, &site))?;
    docs("links", &|| links(project, &site))?;
    println!("docs: open {}", site.join("index.html").display());
    Ok(())
}

fn guides(project: &Project, site: &Path) -> Result {
    let outcome = cmd!(project.sh, "mdbook build docs --dest-dir {site}").outcome()?;
    // mdBook has no option that turns warnings into errors.
    let is_level = |word: &str| matches!(word, "WARN" | "ERROR");
    let mut words = outcome.text.split(|c: char| !c.is_alphanumeric() && c != '_');
    if outcome.succeeded() && !words.any(is_level) {
        return Ok(());
    }
    eprint!("{}", outcome.text);
    Err(Failure::printed(1))
}

fn rust_reference(project: &Project, site: &Path) -> Result {
    // Pages of renamed items would stay in the folder, so it is emptied first.
    cmd!(project.sh, "cargo clean --quiet --doc").quietly()?;
    cmd!(project.sh, "cargo doc --quiet --no-deps --all-features")
        .args(["-p", "chatkeep", "-p", "chatkeep-core"])
        .args(["-p", "chatkeep-pool", "-p", "chatkeep-transfer"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .quietly()?;
    copy_folder(&project.target.join("doc"), &site.join("rust"))
}

fn python_reference(project: &Project, site: &Path) -> Result {
    build::python(project, Profile::Dev)?;
    let python = setup::docs_venv(project)?.python();
    let (doctrees, output) = (project.target.join("doctrees"), site.join("python"));
    cmd!(project.sh, "{python} -m sphinx --builder html --fail-on-warning --keep-going --fresh-env")
        .arg("--quiet")
        .arg("--doctree-dir")
        .args([doctrees.as_path(), Path::new("docs/python"), &output])
        .env("PYTHONPATH", build::python_package(project, Profile::Dev))
        .env("PYTHONSAFEPATH", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .quietly()
}

fn node_reference(project: &Project, site: &Path) -> Result {
    let typedoc = setup::docs_node_packages(project)?.program("typedoc");
    let output = site.join("node");
    cmd!(project.sh, "{typedoc} --options docs/typedoc.json --out {output}").quietly()
}

/// Checks the links. rustdoc checks the fragments of its own links. It writes them percent-encoded,
/// which linkinator does not resolve, and it names scripts that exist only for traits with
/// implementations.
fn links(project: &Project, site: &Path) -> Result {
    let linkinator = setup::docs_node_packages(project)?.program("linkinator");
    let check = || {
        cmd!(project.sh, "{linkinator} {site} --recurse --verbosity error")
            .args(["--skip", "^https?://(?!localhost)"])
    };
    check().args(["--check-fragments", "--skip", "/rust/"]).quietly()?;
    check().args(["--skip", r"/rust/(src|trait\.impl)/"]).quietly()
}
