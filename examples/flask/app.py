"""A chat backend with an echo instead of a model. It logs every message and requires a token."""

from chatkeep import message_logger
from chatkeep.flask import current_token, handle_errors, health_blueprint, token_required
from flask import Flask, Response, abort, jsonify, request

app = Flask(__name__)
handle_errors(app)
app.register_blueprint(health_blueprint())


def echo(message: str) -> str:
    """Placeholder for the model."""
    return f"You said: {message}"


@app.post("/chat")
@token_required
def chat() -> Response:
    """Replies to a message and logs both. They are stored before this returns."""
    question = request.get_json()
    if not isinstance(question, dict) or not isinstance(question.get("message"), str):
        abort(422, "message: a string is required")
    reply = echo(question["message"])
    message_id = message_logger.log_message(
        question["message"],
        reply,
        provider="echo",
        model="echo-1",
        tokens_used=len(question["message"].split()) + len(reply.split()),
        metadata={"session": question.get("session"), "token_id": current_token()["id"]},
    )
    return jsonify(id=message_id, reply=reply)


@app.get("/messages")
@token_required
def messages() -> Response:
    """Returns a page of the log. An invalid limit or cursor is a 422 error with its reason."""
    limit = request.args.get("limit", 20, int)
    session = request.args.get("session")
    page = message_logger.get_messages(
        limit=limit,
        cursor=request.args.get("cursor"),
        metadata=None if session is None else {"session": session},
    )
    more = len(page) == limit
    return jsonify(
        messages=page, next_cursor=message_logger.cursor_after(page[-1]) if more else None
    )


@app.get("/analytics")
@token_required
def analytics() -> Response:
    """Returns totals by provider, model and day."""
    return jsonify(
        message_logger.get_analytics(request.args.get("start_date"), request.args.get("end_date"))
    )
