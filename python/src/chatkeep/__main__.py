"""The ``chatkeep`` command, also available as ``python -m chatkeep``."""

import signal
import sys

from chatkeep._native import run_command


def main() -> None:
    """Runs the command with the arguments of this process, and exits with its exit code."""
    # Restores the default action of Ctrl-C. Python's own handler would run only after the native
    # call returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(run_command(["chatkeep", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
