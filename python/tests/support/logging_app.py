"""A WSGI application that logs when it is imported and at every request; see test_gunicorn.py."""

import json
import multiprocessing
import os

from chatkeep import message_logger

# Made before the workers are: they meet here.
meeting = multiprocessing.get_context("fork").Barrier(int(os.environ["WORKERS"]))
message_logger.log_message("import", provider=str(os.getpid()))


def app(request, start_response):
    """Logs, and tells the id and who logged. At /meet, only when all workers have a request."""
    if request["PATH_INFO"] == "/meet":
        meeting.wait(60)
    message_id = message_logger.log_message(request["PATH_INFO"], provider=str(os.getpid()))
    if request["PATH_INFO"] == "/meet":
        # Nobody is free for another's request before all have logged.
        meeting.wait(60)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"id": message_id, "worker": os.getpid()}).encode()]
