"""examples/fastapi, served by uvicorn over HTTP."""

import asyncio
import json
import re
from contextlib import closing, contextmanager
from pathlib import Path

import chatkeep
import httpx2
from locked_file import locked_file
from relay import Relay
from web_servers import web_server

EXAMPLE = Path(__file__).parents[2] / "examples/fastapi"


@contextmanager
def served(url, tmp_path, *arguments, log="uvicorn.log", **variables):
    """Serves the example with short database timeouts."""
    settings = {
        "CHAT_INSECURE": "1",
        "DB_QUERY_TIMEOUT": "2",
        "DB_POOL_TIMEOUT": "10",
        "DB_CONNECT_TIMEOUT": "5",
    }
    with web_server(
        "uvicorn",
        "main:app",
        *arguments,
        option="--fd {}",
        folder=EXAMPLE,
        log=tmp_path / log,
        **settings | {"DATABASE_URL": url} | variables,
    ) as server:
        yield server


ACCOUNT = {"email": "ada@example.org", "password": "correct horse"}


def client(server, **headers):
    return httpx2.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False)


def elsewhere(caller, server):
    """Returns a client of another process with the same session."""
    return client(server, Cookie=f"chat-session={caller.cookies['chat-session']}")


def ask(caller, conversation, message):
    answer = caller.post(f"/conversations/{conversation}/messages", json={"message": message})
    assert answer.status_code == 202, answer.text
    return answer.json()["stream_id"]


def new_conversation(caller, title="a"):
    return caller.post("/conversations", json={"title": title}).json()["id"]


def events(caller, stream_id, after=0, limit=None):
    """Reads server-sent events: the text, the last id, and the status if the stream has ended."""
    text, found, kind = "", 0, None
    headers = {"Last-Event-ID": str(after)} if after else {}
    with caller.stream("GET", f"/streams/{stream_id}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                assert int(value) == after + 1, "the chunks have no gaps"
                after = int(value)
            elif name == "event":
                kind = value
            elif name == "data" and kind == "end":
                return text, after, json.loads(value)
            elif name == "data":
                text += json.loads(value)
                found += 1
                if found == limit:
                    break
    return text, after, None


def expected(question):
    return f"You asked: {question} I repeat it, because I am only an example. "


def test_answer_streams_through_another_process_and_after_a_reload(database, tmp_path):
    question = " ".join(f"wörd{number}" for number in range(60))
    with (
        served(database.url, tmp_path) as server,
        served(database.url, tmp_path, log="other.log") as other,
        client(server) as caller,
    ):
        user = caller.post("/sign-up", json=ACCOUNT).json()
        assert user == {"id": user["id"], "email": ACCOUNT["email"]}
        conversation = new_conversation(caller, "Words")
        with elsewhere(caller, other) as reader:
            stream_id = ask(caller, conversation, question)
            open_turns = reader.get(f"/conversations/{conversation}").json()["open"]
            assert open_turns == [{"stream_id": stream_id, "question": question}]
            first, last_id, status = events(reader, stream_id, limit=3)
            assert status is None
            rest, _, status = events(reader, stream_id, after=last_id)
            assert (first + rest, status) == (expected(question), "completed")
            assert events(caller, stream_id)[0] == expected(question)
            assert reader.get(f"/conversations/{conversation}").json() == {
                "id": conversation,
                "title": "Words",
                "messages": [
                    {"question": question, "answer": expected(question), "status": "completed"}
                ],
                "open": [],
            }

            stream_id = ask(caller, conversation, question * 10)
            events(reader, stream_id, limit=1)
            assert reader.post(f"/streams/{stream_id}/cancel").json() is True
            part, _, status = events(reader, stream_id)
            assert status == "cancelled"
            message = caller.get(f"/conversations/{conversation}").json()["messages"][1]
            assert (message["answer"], message["status"]) == (part, "cancelled")
            assert expected(question * 10).startswith(part)
        listed = caller.get("/conversations").json()
        assert listed["conversations"] == [{"id": conversation, "title": "Words"}]
        assert caller.delete(f"/conversations/{conversation}").status_code == 204
        assert caller.get("/conversations").json()["conversations"] == []
        assert caller.get("/").text == (EXAMPLE / "index.html").read_text(encoding="utf-8")


def test_accounts_and_data_are_protected(database, tmp_path):
    with chatkeep.Chatkeep(database.url) as chat:
        token = chat.token_manager.create_token()["token"]
    with (
        served(database.url, tmp_path) as server,
        client(server) as caller,
        client(server) as stranger,
    ):
        caller.post("/sign-up", json=ACCOUNT)
        secret = caller.cookies["chat-session"]
        for path in ("/me", "/conversations", "/conversations/x", "/streams/x"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        answer = stranger.post("/sign-up", json=ACCOUNT)
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (409, ["email"])
        answer = stranger.post("/sign-in", json=ACCOUNT | {"password": "wrong"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "Wrong address or password")

        conversation = new_conversation(caller)
        stream_id = ask(caller, conversation, "private")
        assert stranger.post("/sign-up", json=ACCOUNT | {"email": "b@example.org"}).is_success
        for method, path in (
            ("GET", f"/conversations/{conversation}"),
            ("DELETE", f"/conversations/{conversation}"),
            ("POST", f"/conversations/{conversation}/messages"),
            ("GET", f"/streams/{stream_id}"),
            ("POST", f"/streams/{stream_id}/cancel"),
        ):
            body = {"message": "a"} if path.endswith("messages") else None
            assert stranger.request(method, path, json=body).status_code == 404
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            for path in ("/sign-in", "/sign-out", "/conversations"):
                assert caller.post(path, json=ACCOUNT, headers=headers).status_code == 403
        answer = caller.post(f"/conversations/{conversation}/messages", json={"message": "a\0"})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["message"])
        assert caller.get("/conversations?cursor=no").json()["detail"][0]["loc"] == ["cursor"]
        assert events(caller, stream_id)[2] == "completed"

        assert caller.get("/analytics").status_code == 401
        with client(server, Authorization=f"Bearer {token}") as program:
            assert program.get("/analytics").json()["providers"] == {"fake": 1}
        assert stranger.get("/health/db-pool").json()["engine"] == database.engine
        assert caller.post("/sign-out").status_code == 204
        assert "chat-session" not in caller.cookies
        with client(server, Cookie=f"chat-session={secret}") as late:
            assert late.get("/me").json()["detail"] == "The session was ended"
        assert caller.post("/sign-in", json=ACCOUNT).json()["email"] == ACCOUNT["email"]
        server.stop()
        log = server.log_text()
    for text in (secret, token, ACCOUNT["password"], "private", "Traceback"):
        assert text not in log


async def ask_concurrently(server, session, conversation, number):
    async with httpx2.AsyncClient(
        base_url=server.url,
        headers={"Cookie": f"chat-session={session}"},
        limits=httpx2.Limits(max_connections=None),
        timeout=60,
        trust_env=False,
    ) as caller:
        path = f"/conversations/{conversation}/messages"
        return await asyncio.gather(
            *(caller.post(path, json={"message": str(turn)}) for turn in range(number))
        )


def test_answers_of_200_concurrent_questions_are_stored_before_the_exit(database, tmp_path):
    # All questions update the same conversation, so that many wait for its lock.
    with (
        served(database.url, tmp_path, DB_QUERY_TIMEOUT="30") as server,
        client(server) as caller,
    ):
        caller.post("/sign-up", json=ACCOUNT)
        conversation = new_conversation(caller)
        session = caller.cookies["chat-session"]
        answers = asyncio.run(ask_concurrently(server, session, conversation, 200))
        assert {answer.status_code for answer in answers} == {202}
        server.stop()
        assert "Traceback" not in server.log_text()
    with chatkeep.Chatkeep(database.url) as chat:
        stored = {row["user_message"]: row for row in chat.message_logger.iter_messages()}
        assert stored.keys() == {str(turn) for turn in range(200)}
        for question, row in stored.items():
            assert (row["bot_response"], row["status"]) == (expected(question), "completed")
        assert chat.stream_manager.list_streams(running=True)["streams"] == []


def assert_retry_later(answer):
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in answer.headers


def test_database_outage_results_in_503_until_it_recovers(server, tmp_path):
    with chatkeep.Chatkeep(server.url) as chat:
        user = chat.user_manager.create_user(**ACCOUNT)
        late = chat.session_manager.create_session(user["public_id"])["secret"]
    with (
        closing(Relay(server.url)) as relay,
        # Lookups stay cached for the whole test.
        served(relay.url, tmp_path, TOKEN_CACHE_SECONDS="3600") as web,
        client(web) as caller,
        client(web, Cookie=f"chat-session={late}") as other,
    ):
        caller.post("/sign-in", json=ACCOUNT)
        assert caller.get("/me").status_code == 200
        secret = caller.cookies["chat-session"]
        relay.cut()
        # The outcome of the call that finds the connection broken may be unknown.
        first = caller.post("/conversations", json={})
        assert first.status_code == 503
        assert "Retry-After" in first.headers or "not known" in first.json()["detail"]
        # A cached session passes the check, another does not. Neither is reported as invalid.
        for one in (caller, other):
            assert_retry_later(one.post("/conversations", json={}))
            assert_retry_later(one.get("/conversations"))
        health = caller.get("/health/db-pool")
        assert_retry_later(health)
        assert (health.json()["status"], health.json()["error"]) == ("unhealthy", "Unavailable")
        relay.restore()
        for one in (caller, other):
            assert one.post("/conversations", json={}).status_code == 200
        assert caller.get("/health/db-pool").json()["status"] == "healthy"
        web.stop()
        log = web.log_text()
    assert "answered 503: check_session" in log
    assert "answered 503: create_conversation" in log
    password = server.url.split("@")[0].rsplit(":")[-1]
    for text in (secret, late, f":{password}@", "Traceback"):
        assert text not in log


def test_locked_file_results_in_503_until_it_is_released(sqlite, tmp_path):
    with served(sqlite.url, tmp_path, DB_QUERY_TIMEOUT="1") as web, client(web) as caller:
        caller.post("/sign-up", json=ACCOUNT)
        assert caller.post("/conversations", json={}).status_code == 200
        with locked_file(sqlite.url.removeprefix("sqlite:///")):
            assert_retry_later(caller.post("/conversations", json={}))
            # Readers are not blocked.
            assert len(caller.get("/conversations").json()["conversations"]) == 1
        assert caller.post("/conversations", json={}).status_code == 200


def test_start_up_fails_without_a_database(tmp_path):
    nowhere = "postgresql://bot:s3cret@127.0.0.1:9/chat"
    with served(nowhere, tmp_path, DB_MAX_RETRIES="0") as web:
        assert web.process.wait(60) == 3
        log = web.log_text()
    assert "UnavailableError" in log
    assert "s3cret" not in log


def test_several_workers_serve_requests(sqlite, tmp_path):
    with served(sqlite.url, tmp_path, "--workers", "2") as web, client(web) as caller:
        caller.post("/sign-up", json=ACCOUNT)
        conversation = new_conversation(caller)
        streams = [ask(caller, conversation, str(number)) for number in range(20)]
        for number, stream_id in enumerate(streams):
            assert events(caller, stream_id)[::2] == (expected(number), "completed")
        web.stop()
        assert len(re.findall(r"Application startup complete", web.log_text())) == 2
