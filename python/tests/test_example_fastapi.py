"""examples/fastapi, served by uvicorn over HTTP."""

import asyncio
import re
from contextlib import closing, contextmanager
from pathlib import Path

import chatkeep
import httpx2
import pytest
from locked_file import locked_file
from relay import Relay
from web_servers import web_server

EXAMPLE = Path(__file__).parents[2] / "examples/fastapi"


@contextmanager
def served(url, tmp_path, *arguments, **variables):
    """Serves the example with short database timeouts."""
    settings = {"DB_QUERY_TIMEOUT": "2", "DB_POOL_TIMEOUT": "10", "DB_CONNECT_TIMEOUT": "5"}
    with web_server(
        "uvicorn",
        "main:app",
        *arguments,
        option="--fd {}",
        folder=EXAMPLE,
        log=tmp_path / "uvicorn.log",
        **settings | {"DATABASE_URL": url} | variables,
    ) as server:
        yield server


@pytest.fixture
def tokens(database):
    """Creates tokens without the server."""

    def make(description):
        with chatkeep.Chatkeep(database.url) as chat:
            return chat.token_manager.create_token(description)

    return make


def client(server, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx2.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False)


async def post_concurrently(number, url, token):
    """Posts a number of messages concurrently and returns the responses."""
    async with httpx2.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        limits=httpx2.Limits(max_connections=None),
        timeout=60,
        trust_env=False,
    ) as caller:
        return await asyncio.gather(
            *(caller.post("/chat", json={"message": str(turn)}) for turn in range(number))
        )


def test_example_serves_chat_pages_analytics_and_200_concurrent_requests(
    database, tokens, tmp_path
):
    created = tokens("web app")
    with (
        served(database.url, tmp_path) as server,
        client(server, created["token"]) as caller,
        client(server) as anonymous,
    ):
        for number in range(5):
            answer = caller.post("/chat", json={"message": f"héllo {number} 🦀", "session": "a"})
            assert answer.status_code == 200
            assert answer.json()["reply"] == f"You said: héllo {number} 🦀"
        last = answer.json()["id"]
        caller.post("/chat", json={"message": "elsewhere"})

        seen, cursor = [], None
        while True:
            query = {"limit": 2, "session": "a"} | ({"cursor": cursor} if cursor else {})
            page = caller.get("/messages", params=query).json()
            seen += page["messages"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert [message["user_message"] for message in seen] == [
            f"héllo {number} 🦀" for number in (4, 3, 2, 1, 0)
        ]
        assert seen[0]["id"] == last
        assert seen[0]["metadata"] == {"session": "a", "token_id": created["id"]}

        totals = caller.get("/analytics").json()
        assert (totals["total_messages"], totals["providers"]) == (6, {"echo": 6})
        health = anonymous.get("/health/db-pool")
        assert (health.status_code, health.json()["engine"]) == (200, database.engine)
        assert health.json()["pool"]["total"] >= 1

        for wrong, field in (({"limit": 0}, "limit"), ({"cursor": "no"}, "cursor")):
            answer = caller.get("/messages", params=wrong)
            assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, [field])
        answer = caller.post("/chat", json={"message": "a\0"})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["message"])
        assert caller.get("/analytics").json()["total_messages"] == 6

        for method, path in (("POST", "/chat"), ("GET", "/messages"), ("GET", "/analytics")):
            answer = anonymous.request(method, path, json={"message": "no"})
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            bad = {"Authorization": "Bearer sk-wr0ng"}
            answer = anonymous.request(method, path, json={"message": "no"}, headers=bad)
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        locked = anonymous.get("/openapi.json").json()["paths"]["/chat"]["post"]["security"]
        assert locked == [{"Token": []}]

        answers = asyncio.run(post_concurrently(200, server.url, created["token"]))
        assert {answer.status_code for answer in answers} == {200}
        server.stop()
        log = server.log_text()
    replies = {answer.json()["id"]: answer.json()["reply"] for answer in answers}
    with chatkeep.Chatkeep(database.url) as chat:
        stored = {row["id"]: row["bot_response"] for row in chat.message_logger.iter_messages()}
    assert replies.items() <= stored.items()
    assert (len(replies), len(stored)) == (200, 206)
    assert "POST /chat" in log
    for secret in (created["token"], "sk-wr0ng", "Traceback"):
        assert secret not in log


def assert_retry_later(answer):
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in answer.headers


def test_database_outage_results_in_503_until_it_recovers(server, tmp_path):
    with chatkeep.Chatkeep(server.url) as chat:
        known, late = (chat.token_manager.create_token()["token"] for _ in range(2))
    with (
        closing(Relay(server.url)) as relay,
        # Token lookups stay cached for the whole test.
        served(relay.url, tmp_path, TOKEN_CACHE_SECONDS="3600") as web,
        client(web, known) as caller,
    ):
        assert caller.post("/chat", json={"message": "before"}).status_code == 200
        relay.cut()
        # The outcome of the message that finds the connection broken may be unknown.
        first = caller.post("/chat", json={"message": "just then"})
        assert first.status_code == 503
        assert "Retry-After" in first.headers or "not known" in first.json()["detail"]
        # A cached token passes the check, others do not. None is reported as invalid.
        for token in (known, late, "sk-unknown"):
            with client(web, token) as other:
                assert_retry_later(other.post("/chat", json={"message": "meanwhile"}))
                assert_retry_later(other.get("/messages"))
        health = caller.get("/health/db-pool")
        assert_retry_later(health)
        assert (health.json()["status"], health.json()["error"]) == ("unhealthy", "Unavailable")
        relay.restore()
        assert caller.post("/chat", json={"message": "after"}).status_code == 200
        with client(web, late) as other:
            assert other.get("/analytics").json()["total_messages"] == 2
        assert caller.get("/health/db-pool").json()["status"] == "healthy"
        web.stop()
        log = web.log_text()
    assert "answered 503: check_token" in log
    assert "answered 503: log_message" in log
    password = server.url.split("@")[0].rsplit(":")[-1]
    for secret in (known, late, "sk-unknown", f":{password}@", "Traceback"):
        assert secret not in log


def test_locked_file_results_in_503_until_it_is_released(sqlite, tmp_path):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        token = chat.token_manager.create_token()["token"]
    with (
        served(sqlite.url, tmp_path, DB_QUERY_TIMEOUT="1") as web,
        client(web, token) as caller,
    ):
        assert caller.post("/chat", json={"message": "before"}).status_code == 200
        with locked_file(sqlite.url.removeprefix("sqlite:///")):
            assert_retry_later(caller.post("/chat", json={"message": "meanwhile"}))
            # Readers are not blocked.
            assert caller.get("/analytics").json()["total_messages"] == 1
        assert caller.post("/chat", json={"message": "after"}).status_code == 200
        assert caller.get("/analytics").json()["total_messages"] == 2
        assert token not in web.log_text()


def test_start_up_fails_without_a_database(tmp_path):
    nowhere = "postgresql://bot:s3cret@127.0.0.1:9/chat"
    with served(nowhere, tmp_path, DB_MAX_RETRIES="0") as web:
        assert web.process.wait(60) == 3
        log = web.log_text()
    assert "UnavailableError" in log
    assert "s3cret" not in log


def test_several_workers_serve_requests(sqlite, tmp_path):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        token = chat.token_manager.create_token()["token"]
    with served(sqlite.url, tmp_path, "--workers", "2") as web, client(web, token) as caller:
        ids = [caller.post("/chat", json={"message": "a"}).json()["id"] for _ in range(20)]
        web.stop()
        assert len(re.findall(r"Application startup complete", web.log_text())) == 2
    with chatkeep.Chatkeep(sqlite.url) as chat:
        assert {row["id"] for row in chat.message_logger.iter_messages()} == set(ids)
