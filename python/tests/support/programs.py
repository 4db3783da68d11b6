"""Programs that tests run beside themselves."""

import os
import subprocess
import sys
import textwrap


def environment(**variables):
    """This process's environment without chatkeep's settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DB_", "DATABASE_", "TOKEN_CACHE"))
    }
    return kept | variables


def start(code, *arguments, **variables):
    """Starts a Python program of this text."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**variables),
    )


def run(code, *arguments, **variables):
    """Runs a Python program of this text to its end, and returns what it printed."""
    program = start(code, *arguments, **variables)
    try:
        out, err = program.communicate(timeout=120)
    finally:
        program.kill()
    assert program.returncode == 0, f"exit code {program.returncode}\n{out}\n{err}"
    assert err == ""
    return out
