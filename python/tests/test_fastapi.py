"""The FastAPI integration."""

import warnings
from functools import partial
from types import SimpleNamespace
from typing import Annotated

import chatkeep
import pytest
from chatkeep.asyncio import Chatkeep
from chatkeep.fastapi import (
    TokenRequired,
    handle_errors,
    health_router,
    lifespan,
    token_required,
)
from chatkeep.types import Analytics, Message, TokenInfo
from databases import DOWN
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from programs import run
from starlette.testclient import WebSocketDenialResponse


def application(chat):
    app = FastAPI(lifespan=lifespan(chat))
    handle_errors(app)
    app.include_router(health_router(chat))
    guard = TokenRequired(chat, retry_after=7)

    @app.get("/whoami")
    async def whoami(token: Annotated[TokenInfo, Depends(guard)]):
        return token

    @app.get("/messages")
    async def messages(limit: int = 100) -> list[Message]:
        return await chat.message_logger.get_messages(limit)

    @app.get("/analytics")
    def analytics() -> Analytics:
        return chat.blocking.message_logger.get_analytics()

    @app.websocket("/talk")
    async def talk(socket: WebSocket, token: Annotated[TokenInfo, Depends(guard)]):
        await socket.accept()
        await socket.send_json(token)
        await socket.close()

    return app


def bearer(token, scheme="Bearer"):
    return {"Authorization": f"{scheme} {token}"}


@pytest.fixture
def store(memory):
    return Chatkeep.of(memory)


@pytest.fixture
def client(store):
    with TestClient(application(store)) as client:
        yield client


@pytest.fixture
def down(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    with TestClient(application(Chatkeep(DOWN, connect_timeout=2))) as client:
        yield client


def test_valid_token_is_accepted_and_its_record_is_available(client, memory):
    created = memory.token_manager.create_token("web app")
    for scheme in ("Bearer", "bearer", "BEARER "):
        answer = client.get("/whoami", headers=bearer(created["token"], scheme))
        assert answer.status_code == 200
        assert answer.json()["id"] == created["id"]
        assert created["token"] not in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("dXNlcjpwYXNz", "Basic"), {"Authorization": "Bearer"}, {"Authorization": ""}],
)
def test_missing_token_results_in_a_plain_challenge(client, headers):
    answer = client.get("/whoami", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def assert_invalid_token(answer, reason):
    assert answer.status_code == 401
    detail = answer.json()["detail"]
    assert reason in detail
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="invalid_token", error_description="{detail}"'
    )


def test_invalid_token_results_in_401_with_the_reason(client, memory):
    created = memory.token_manager.create_token()
    memory.token_manager.revoke_token(created["id"])
    for presented, reason in (
        ("ck_two words", "malformed"),
        ("sk-imported", "unknown"),
        (created["token"], "revoked"),
    ):
        assert_invalid_token(client.get("/whoami", headers=bearer(presented)), reason)


@pytest.mark.parametrize(
    ("name", "reason"), [("expired", "has expired"), ("rotated", "was replaced")]
)
def test_token_that_has_ended_results_in_401_with_the_reason(name, reason):
    class Tokens:
        async def check_token(self, token, scope):
            return {"valid": False, "reason": name, "token": None}

    client = TestClient(
        application(SimpleNamespace(token_manager=Tokens(), message_logger=None, db_manager=None))
    )
    assert_invalid_token(client.get("/whoami", headers=bearer("any")), reason)


def test_unavailable_database_results_in_503_not_401(down, caplog):
    answer = down.get("/whoami", headers=bearer("sk-s3cret-token"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "7"
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json() == {"detail": "The database is not available"}
    assert "check_token" in caplog.text
    assert "s3cret" not in caplog.text
    # A missing token needs no database lookup.
    assert down.get("/whoami").status_code == 401


def test_errors_in_routes_result_in_error_responses(client, down):
    for path in ("/messages", "/analytics"):
        answer = down.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    answer = client.get("/messages", params={"limit": 0})
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert (detail["type"], detail["loc"]) == ("invalid_input", ["limit"])
    assert "limit" in detail["msg"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (chatkeep.UnavailableError, 503),
        (chatkeep.PoolTimeoutError, 503),
        (partial(chatkeep.ConflictError, retryable=True), 503),
        (chatkeep.ConflictError, 409),
        (chatkeep.InvalidInputError, 422),
        (chatkeep.InvalidTypeError, 422),
        (chatkeep.OutcomeUnknownError, 503),
        (chatkeep.InternalError, 500),
    ],
)
def test_only_temporary_errors_have_retry_after(store, error, status):
    app = application(store)

    @app.get("/raise")
    async def fail():
        raise error("no")

    answer = TestClient(app, raise_server_exceptions=False).get("/raise")
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (
        status == 503 and error is not chatkeep.OutcomeUnknownError
    )


def test_token_without_the_scope_results_in_403(store, memory):
    app = FastAPI()
    guard = TokenRequired(store, scope="chat:write")

    @app.get("/whoami")
    async def whoami(token: Annotated[TokenInfo, Depends(guard)]):
        return token["scopes"]

    client = TestClient(app)
    created = memory.token_manager.create_token(scopes=["chat:read", "chat:write"])
    answer = client.get("/whoami", headers=bearer(created["token"]))
    assert (answer.status_code, answer.json()) == (200, ["chat:read", "chat:write"])
    created = memory.token_manager.create_token(scopes=["chat:read"])
    answer = client.get("/whoami", headers=bearer(created["token"]))
    detail = "The token does not have the scope chat:write"
    assert (answer.status_code, answer.json()) == (403, {"detail": detail})
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="insufficient_scope", error_description="{detail}", scope="chat:write"'
    )


def test_token_of_an_inactive_user_results_in_401_with_the_reason(client, memory):
    user = memory.user_manager.create_user(username="ada", password="correct horse")
    created = memory.token_manager.create_token(user_id=user["public_id"])
    memory.user_manager.set_active(user["public_id"], False)
    assert_invalid_token(client.get("/whoami", headers=bearer(created["token"])), "not active")


def test_health_check_reports_the_pool_without_the_host(client, down):
    answer = client.get("/health/db-pool")
    assert answer.status_code == 200
    health = answer.json()
    assert (health["status"], health["engine"], health["error"]) == ("healthy", "sqlite", None)
    assert health["schema"] == "head"
    assert health["latency_ms"] > 0
    assert set(health["pool"]) == set(chatkeep.types.PoolStatus.__annotations__)
    answer = down.get("/health/db-pool")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["error"] == "Unavailable"
    assert "127.0.0.1" not in answer.text


def test_health_check_timeout_is_unhealthy(store):
    app = FastAPI()
    app.include_router(health_router(store, path="/now", timeout=0))
    answer = TestClient(app).get("/now")
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")


def test_openapi_documents_security_and_types(client):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = client.get("/openapi.json").json()
    assert page["paths"]["/whoami"]["get"]["security"] == [{"Token": []}]
    assert "security" not in page["paths"]["/messages"]["get"]
    scheme = page["components"]["securitySchemes"]["Token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {"Message", "Analytics", "DatabaseHealth"} <= page["components"]["schemas"].keys()


def test_websocket_requires_a_valid_token(client, memory):
    created = memory.token_manager.create_token()
    with client.websocket_connect("/talk", headers=bearer(created["token"])) as socket:
        assert socket.receive_json()["id"] == created["id"]
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        client.websocket_connect("/talk", headers=bearer("no")),
    ):
        pass
    assert caught.value.status_code == 401
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]


def test_default_store_is_the_one_of_the_environment():
    assert token_required._tokens is chatkeep.asyncio.token_manager
    assert TokenRequired()._tokens is chatkeep.asyncio.token_manager


def test_lifespan_waits_flushes_and_closes(sqlite, monkeypatch):
    chat = Chatkeep(sqlite.url)
    app = FastAPI(lifespan=lifespan(chat, wait=True))

    @app.get("/")
    async def submit():
        for _ in range(300):
            # Submits the message.
            chat.message_logger.log_message("not awaited").send(None)

    for turn in (1, 2):
        with TestClient(app) as client:
            assert chat.db_manager.pool_status()["total"] > 0
            client.get("/")
        assert chat.blocking.message_logger.get_message_count() == 300 * turn
    with TestClient(FastAPI(lifespan=lifespan(chat, close=True))):
        pass
    with pytest.raises(chatkeep.UnavailableError, match="closed"):
        chat.blocking.message_logger.log_message("late")
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    app = FastAPI(lifespan=lifespan(Chatkeep(DOWN, connect_timeout=2), wait=True))
    with pytest.raises(chatkeep.UnavailableError), TestClient(app):
        pass


def test_frameworks_are_optional():
    out = run(
        """
        import sys
        import chatkeep.asyncio, chatkeep.types

        print(sorted({"fastapi", "flask", "pydantic", "starlette"} & sys.modules.keys()))
        sys.modules["fastapi"] = None
        try:
            import chatkeep.fastapi
        except ModuleNotFoundError as error:
            print(error.name)
        """
    )
    assert out == "[]\nfastapi\n"
