"""Waiting for other threads and processes."""

import time


def wait_until(condition):
    """Waits until the condition is true, for at most 60 seconds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "the condition was not met within 60 s"
        time.sleep(0.02)
