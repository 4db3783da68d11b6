"""What other processes do; they import this by its name."""

import chatkeep


def log_in_a_child(url, name):
    """Logs a message with a store of its own."""
    with chatkeep.Chatkeep(url) as chat:
        chat.message_logger.log_message(name)
