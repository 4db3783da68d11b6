"""Functions that child processes import."""

import chatkeep


def log_in_a_child(url, name):
    """Logs a message with a new store."""
    with chatkeep.Chatkeep(url) as chat:
        chat.message_logger.log_message(name)
