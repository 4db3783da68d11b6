"""A WSGI application that logs on import and on every request; see test_gunicorn.py."""

import json
import multiprocessing
import os

from chatkeep import message_logger

# Created before the workers, which share it.
meeting = multiprocessing.get_context("fork").Barrier(int(os.environ["WORKERS"]))
message_logger.log_message("import", provider=str(os.getpid()))


def app(request, start_response):
    """Logs a message and returns its id and worker; /meet waits for all workers."""
    if request["PATH_INFO"] == "/meet":
        meeting.wait(60)
    message_id = message_logger.log_message(request["PATH_INFO"], provider=str(os.getpid()))
    if request["PATH_INFO"] == "/meet":
        # No worker accepts another request before all have logged.
        meeting.wait(60)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"id": message_id, "worker": os.getpid()}).encode()]
