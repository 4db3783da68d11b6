"""The Starlette integration without FastAPI."""

import pytest
from chatkeep.asyncio import Chatkeep
from chatkeep.starlette import TokenRequired, handle_errors, health_route, lifespan
from databases import DOWN
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient


def client_of(chat):
    guard = TokenRequired(chat)

    async def whoami(request):
        return JSONResponse(await guard(request))

    async def messages(request):
        limit = int(request.query_params.get("limit", 100))
        return JSONResponse(await chat.message_logger.get_messages(limit))

    routes = [Route("/whoami", whoami), Route("/messages", messages), health_route(chat)]
    app = Starlette(routes=routes, lifespan=lifespan(chat))
    handle_errors(app, retry_after=9)
    return TestClient(app)


@pytest.fixture
def client(memory):
    return client_of(Chatkeep.of(memory))


@pytest.fixture
def down(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    return client_of(Chatkeep(DOWN, connect_timeout=2))


def test_valid_token_is_accepted_and_invalid_token_results_in_401(client, memory):
    created = memory.token_manager.create_token()
    for presented, status in ((created["token"], 200), ("sk-other", 401)):
        answer = client.get("/whoami", headers={"Authorization": f"Bearer {presented}"})
        assert answer.status_code == status
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer error="invalid_token", error_description="The token is unknown"'
    )
    assert client.get("/whoami").headers["WWW-Authenticate"] == "Bearer"


def test_errors_result_in_error_responses(client, down):
    answer = client.get("/messages?limit=0")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["limit"])
    answer = down.get("/messages")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "9")
    answer = down.get("/whoami", headers={"Authorization": "Bearer sk-other"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_health_check_reports_the_status(client, down):
    assert client.get("/health/db-pool").json()["status"] == "healthy"
    answer = down.get("/health/db-pool")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
