"""SQL statements of the drivers, and the message as their arguments."""

import protocol

FIELDS = "timestamp, user_message, bot_response, provider, model, tokens_used, metadata"


def insert(mark):
    marks = ", ".join([mark] * 7)
    return f"INSERT INTO messages ({FIELDS}) VALUES ({marks})"


def page(mark):
    return f"SELECT id, {FIELDS} FROM messages ORDER BY timestamp DESC, id DESC LIMIT {mark}"


def verify(mark):
    return f"SELECT is_active, expires_at FROM api_tokens WHERE token_hash = {mark}"


def arguments(setup, timestamp, metadata):
    row = setup.row
    return (
        timestamp,
        row.user_message,
        row.bot_response,
        row.provider,
        row.model,
        row.tokens_used,
        metadata,
    )


def mappings(rows, parse=None):
    """Returns rows as an application would use them."""
    names = ("id", *FIELDS.split(", "))
    found = [dict(zip(names, row)) for row in rows]
    if parse:
        for message in found:
            message["metadata"] = parse(message["metadata"])
    return protocol.check_page(found)
