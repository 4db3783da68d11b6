"""Child processes of tests."""

import os
import subprocess
import sys
import textwrap


def environment(**variables):
    """Returns the environment of this process without chatkeep settings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DB_", "DATABASE_", "TOKEN_CACHE"))
    }
    return inherited | variables


def start(code, *arguments, **variables):
    """Starts a Python program with this source."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**variables),
    )


def run(code, *arguments, **variables):
    """Runs a Python program with this source and returns its output."""
    program = start(code, *arguments, **variables)
    try:
        out, err = program.communicate(timeout=120)
    finally:
        program.kill()
    assert program.returncode == 0, f"exit code {program.returncode}\n{out}\n{err}"
    assert err == ""
    return out
