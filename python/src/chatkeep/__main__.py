"""The ``chatkeep`` command, also as ``python -m chatkeep``."""

import signal
import sys

from chatkeep._native import run_command


def main() -> None:
    """Runs the command with the arguments of this process, and exits with its code."""
    # Python only notes a signal, and looks at it when the command is over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(run_command(["chatkeep", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
