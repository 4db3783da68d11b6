"""A chat backend with an echo for a model: every message is logged, and every route wants a token."""

from chatkeep import message_logger
from chatkeep.flask import current_token, handle_errors, health_blueprint, token_required
from flask import Flask, Response, abort, jsonify, request

app = Flask(__name__)
handle_errors(app)
app.register_blueprint(health_blueprint())


def echo(message: str) -> str:
    """The model. Yours goes here."""
    return f"You said: {message}"


@app.post("/chat")
@token_required
def chat() -> Response:
    """Answers a message and logs both. When this returns, they are stored."""
    question = request.get_json()
    if not isinstance(question, dict) or not isinstance(question.get("message"), str):
        abort(422, "message: a text is needed")
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
    """A page of the log. A limit or cursor that cannot be is 422, and says why."""
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
    """Totals by provider, model and day."""
    return jsonify(
        message_logger.get_analytics(request.args.get("start_date"), request.args.get("end_date"))
    )
