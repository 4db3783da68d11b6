"""The Flask integration."""

from functools import partial

import chatkeep
import pytest
from chatkeep.flask import (
    TokenRequired,
    current_token,
    handle_errors,
    health_blueprint,
    token_required,
)
from databases import DOWN
from flask import Blueprint, Flask, jsonify, request


def application(chat):
    app = Flask("test")
    handle_errors(app)
    app.register_blueprint(health_blueprint(chat))
    guard = TokenRequired(chat, retry_after=7)

    @app.get("/whoami/<name>")
    @guard
    def whoami(name):
        """Returns the caller."""
        return jsonify(name=name, **current_token())

    @app.get("/messages")
    def messages():
        return jsonify(chat.message_logger.get_messages(request.args.get("limit", 100, int)))

    @app.get("/open")
    def unprotected():
        return jsonify(current_token())

    inner = Blueprint("inner", __name__, url_prefix="/inner")

    @inner.before_request
    @guard
    def protected():
        return None

    @inner.get("/")
    def inside():
        return str(current_token()["id"])

    app.register_blueprint(inner)
    return app


def bearer(token, scheme="Bearer"):
    return {"Authorization": f"{scheme} {token}"}


@pytest.fixture
def client(memory):
    return application(memory).test_client()


@pytest.fixture
def down(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    return application(chatkeep.Chatkeep(DOWN, connect_timeout=2)).test_client()


def test_valid_token_is_accepted_and_its_record_is_available(client, memory):
    created = memory.token_manager.create_token("web app")
    answer = client.get("/whoami/me", headers=bearer(created["token"], "bearer"))
    assert (answer.status_code, answer.json["id"], answer.json["name"]) == (
        200,
        created["id"],
        "me",
    )
    assert client.get("/inner/", headers=bearer(created["token"])).text == str(created["id"])
    assert client.application.view_functions["whoami"].__doc__ == "Returns the caller."


@pytest.mark.parametrize("path", ["/whoami/me", "/inner/"])
def test_missing_or_invalid_token_results_in_401(client, memory, path):
    plain = client.get(path)
    assert (plain.status_code, plain.headers["WWW-Authenticate"]) == (401, "Bearer")
    created = memory.token_manager.create_token()
    memory.token_manager.revoke_token(created["id"])
    bad = client.get(path, headers=bearer(created["token"]))
    assert bad.status_code == 401
    assert bad.headers["WWW-Authenticate"] == (
        'Bearer error="invalid_token", error_description="The token was revoked"'
    )
    assert bad.json == {"detail": "The token was revoked"}


def test_token_without_the_scope_results_in_403(client, memory):
    @client.application.get("/admin")
    @TokenRequired(memory, scope="admin")
    def admin():
        return "ok"

    for scopes, status in ((["admin"], 200), (["chat"], 403)):
        created = memory.token_manager.create_token(scopes=scopes)
        answer = client.get("/admin", headers=bearer(created["token"]))
        assert answer.status_code == status
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_unavailable_database_results_in_503_not_401(down, caplog):
    answer = down.get("/whoami/me", headers=bearer("sk-s3cret-token"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json == {"detail": "The database is not available"}
    assert "check_token" in caplog.text
    assert "s3cret" not in caplog.text


def test_error_handler_of_the_application_applies(client):
    @client.application.errorhandler(401)
    def mine(error):
        return f"mine: {error.description}", 401, {"WWW-Authenticate": "Bearer"}

    assert client.get("/whoami/me").text == "mine: A bearer token is needed"


def test_errors_in_views_result_in_error_responses(client, down):
    answer = down.get("/messages")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    answer = client.get("/messages?limit=0")
    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["limit"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (chatkeep.PoolTimeoutError, 503),
        (partial(chatkeep.ConflictError, retryable=True), 503),
        (chatkeep.ConflictError, 409),
        (chatkeep.InvalidTypeError, 422),
        (chatkeep.OutcomeUnknownError, 503),
        (chatkeep.InternalError, 500),
    ],
)
def test_only_temporary_errors_have_retry_after(client, error, status):
    @client.application.get("/raise")
    def fail():
        raise error("no")

    answer = client.get("/raise")
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (
        status == 503 and error is not chatkeep.OutcomeUnknownError
    )


def test_health_check_reports_the_pool_without_the_host(client, down):
    answer = client.get("/health/db-pool")
    assert (answer.status_code, answer.json["status"]) == (200, "healthy")
    assert set(answer.json["pool"]) == set(chatkeep.types.PoolStatus.__annotations__)
    answer = down.get("/health/db-pool")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (answer.json["status"], answer.json["error"]) == ("unhealthy", "Unavailable")
    assert "127.0.0.1" not in answer.text


def test_current_token_in_an_unprotected_view_raises(client):
    client.application.testing = True
    with pytest.raises(RuntimeError, match="decorate the view with token_required"):
        client.get("/open")


def test_default_store_is_the_one_of_the_environment():
    assert token_required._tokens is chatkeep.token_manager
