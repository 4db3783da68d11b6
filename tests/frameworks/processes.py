"""Processes that run the tests of frameworks."""

import os
import subprocess


def run(command, folder, variables, timeout):
    """Runs a command in a folder, with additional environment variables.

    Returns its exit code, or `None` after the timeout, and its output.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        output = (late.output or b"").decode(errors="replace")
        return None, f"no end within {timeout} s: {output}"
    return done.returncode, done.stdout
