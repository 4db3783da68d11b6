"""Fixtures for the wheel and the source distribution in the directory `CHATKEEP_WHEELS`."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest


def one_of(pattern):
    folder = os.environ.get("CHATKEEP_WHEELS")
    if not folder:
        raise RuntimeError("these tests need a wheel: run `cargo xtask wheel`")
    (found,) = Path(folder).glob(pattern)
    return found


@pytest.fixture(scope="session")
def wheel():
    return one_of("*.whl")


@pytest.fixture(scope="session")
def sdist():
    return one_of("*.tar.gz")


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """An environment with only the wheel, installed without an index; `run` runs its programs."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / Path(sysconfig.get_path("scripts")).name
    # PATH contains only its own programs: no Rust, no compiler.
    variables = {"PATH": str(programs), "HOME": str(folder.parent)}

    def run(name, *arguments, cwd=folder.parent, **more):
        return subprocess.run(
            [programs / name, *arguments],
            capture_output=True,
            text=True,
            env=variables | more,
            cwd=cwd,
            timeout=300,
            check=False,
        )

    pip = run("python", "-m", "pip", "install", "--no-index", "--disable-pip-version-check", wheel)
    assert pip.returncode == 0, pip.stdout + pip.stderr
    return SimpleNamespace(folder=folder, run=run)
