"""Web servers in child processes."""

import socket
import subprocess
import sys
from contextlib import contextmanager

from programs import environment


class WebServer:
    """A running server. Connections wait in the queue of the socket until it is ready."""

    def __init__(self, process, port, log):
        self.process, self.port, self._log = process, port, log
        self.url = f"http://127.0.0.1:{port}"

    def log_text(self):
        """Returns the log written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """Terminates the server and returns its exit code."""
        self.process.terminate()
        return self.process.wait(60)


@contextmanager
def web_server(module, *arguments, option, folder, log, **variables):
    """Runs a Python module that serves on an inherited socket.

    `option` is the command-line option for the socket, with `{}` for its file descriptor.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as output:
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, *option.format(number).split()],
            pass_fds=[number],
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        port = listener.getsockname()[1]
    server = WebServer(process, port, log)
    try:
        yield server
    except BaseException:
        print(server.log_text())
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
