"""Real web servers in processes of their own."""

import socket
import subprocess
import sys
from contextlib import contextmanager

from programs import environment


class WebServer:
    """A running server. Who connects before it is ready waits in its socket's queue."""

    def __init__(self, process, port, log):
        self.process, self.port, self._log = process, port, log
        self.url = f"http://127.0.0.1:{port}"

    def told(self):
        """What it wrote to its log so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """Asks it to end, as an operator does, and returns its exit code."""
        self.process.terminate()
        return self.process.wait(60)


@contextmanager
def web_server(module, *arguments, option, folder, log, **variables):
    """Runs a Python module that serves on the socket that it inherits.

    `option` says how the module is told, with a place for the socket's number.
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
        print(server.told())
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
